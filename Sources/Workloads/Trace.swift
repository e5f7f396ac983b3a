package import ConfigurationFiles
package import Foundation

/// Recorded arrivals: JSON lines of `{"arrival": 0.25, "model": "a", "prompt_tokens": 12, "output_tokens": 80}`.
package enum Trace {
    /// Reads a trace; empty lines are skipped.
    ///
    /// - Parameters:
    ///   - file: Named in errors.
    ///   - models: Those that requests may ask for; any where absent.
    /// - Returns: The requests by arrival.
    /// - Throws: `FileError`.
    package static func read(
        _ text: String, file: String, models: [String]? = nil
    ) throws(FileError) -> [Request] {
        var requests: [Request] = []
        for field in try Field.lines(text, file: file) {
            let request = try Request(field)
            if let models, !models.contains(request.model) {
                let known = models.joined(separator: ", ")
                throw try field.field("model").error("'\(request.model)' is not in the workload; there are \(known)")
            }
            requests.append(request)
        }
        return requests.enumerated().sorted { ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset) }
            .map(\.element)
    }

    /// The requests as JSON lines, keys in a fixed order.
    package static func write(_ requests: [Request]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = Data()
        for request in requests {
            data += try encoder.encode(request)
            data.append(UInt8(ascii: "\n"))
        }
        return data
    }
}

extension Request {
    fileprivate init(_ field: Field) throws(FileError) {
        try field.allowOnly(["arrival", "model", "prompt_tokens", "output_tokens"])
        let tokens = 1...(1 << 24)
        self.init(
            arrival: try field.field("arrival").number(0...1e9), model: try field.field("model").text(),
            promptTokens: try field.field("prompt_tokens").integer(tokens),
            outputTokens: try field.field("output_tokens").integer(tokens))
    }
}
