package import Foundation

/// Recorded arrivals: JSON lines of `{"arrival": 0.25, "model": "a", "prompt_tokens": 12, "output_tokens": 80}`.
package enum Trace {
    /// Reads a trace; empty lines are skipped.
    ///
    /// - Returns: The requests by arrival.
    /// - Throws: `TraceError` naming line and field.
    package static func read(_ data: Data) throws(TraceError) -> [Request] {
        let decoder = JSONDecoder()
        var requests: [Request] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy({ $0 <= UInt8(ascii: " ") }) {
            let request: Request
            do {
                request = try decoder.decode(Request.self, from: line)
            } catch {
                throw TraceError(line: index + 1, decoding: error)
            }
            try check(request, line: index + 1)
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

    private static func check(_ request: Request, line: Int) throws(TraceError) {
        if !(request.arrival.isFinite && request.arrival >= 0) {
            throw TraceError(line: line, field: "arrival", reason: "must be zero or more seconds")
        }
        if request.model.isEmpty { throw TraceError(line: line, field: "model", reason: "must not be empty") }
        if request.promptTokens < 1 { throw TraceError(line: line, field: "prompt_tokens", reason: "must be positive") }
        if request.outputTokens < 1 { throw TraceError(line: line, field: "output_tokens", reason: "must be positive") }
    }
}
