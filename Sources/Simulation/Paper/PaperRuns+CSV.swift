package import Foundation
package import Placement

extension PaperRun {
    private static let needed = [
        "alpha", "rate_scale", "strategy", "llm", "model", "device", "throughput_rps", "avg_req_latency_s",
        "avg_ttft_s", "num_requests",
    ]

    /// Reads runs from a table with a line for each model of each run.
    ///
    /// - Parameter file: Named in errors.
    /// - Throws: `FileError` naming line and column.
    package static func read(csv: Data, file: String) throws(FileError) -> [PaperRun] {
        let lines = String(decoding: csv, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let header = lines.first, !header.isEmpty else {
            throw FileError(file: file, line: nil, field: nil, reason: "is empty")
        }
        let names = header.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let columns = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        for name in needed where columns[name] == nil {
            throw FileError(file: file, line: 1, field: name, reason: "column is missing")
        }
        var runs: [PaperRun] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let row = Row(
                file: file, line: index + 1, columns: columns,
                fields: line.split(separator: ",", omittingEmptySubsequences: false))
            try row.add(to: &runs)
        }
        if runs.isEmpty { throw FileError(file: file, line: nil, field: nil, reason: "holds no run") }
        return runs
    }

    /// One line of the table.
    private struct Row {
        let file: String
        let line: Int
        let columns: [String: Int]
        let fields: [Substring]

        func add(to runs: inout [PaperRun]) throws(FileError) {
            guard let strategy = PaperStrategy(rawValue: try text("strategy")) else {
                throw error("strategy", "'\(try text("strategy"))' is not muxserve, temporal or spatial")
            }
            let (alpha, scale) = (try positive("alpha"), try positive("rate_scale"))
            let model = try model(strategy)
            let known = runs.firstIndex { $0.alpha == alpha && $0.rateScale == scale && $0.strategy == strategy }
            guard let known else {
                runs.append(PaperRun(alpha: alpha, rateScale: scale, strategy: strategy, models: [model]))
                return
            }
            if runs[known].models.contains(where: { $0.name == model.name }) {
                throw error("llm", "'\(model.name)' is given twice in its run")
            }
            runs[known].models.append(model)
        }

        private func model(_ strategy: PaperStrategy) throws(FileError) -> PaperRun.Model {
            let name = try text("llm")
            guard let rank = name.split(separator: "-").last.flatMap({ Int($0) }), rank >= 0, rank < 100_000 else {
                throw error("llm", "'\(name)' does not end with a rank, as in llm-0")
            }
            let device = try text("device")
            var within: [Double: Int] = [:]
            for scale in PaperRun.scales {
                let column = "within_slo_x\(Int(scale))"
                if columns[column] != nil { within[scale] = Int(try number(column)) }
            }
            return PaperRun.Model(
                name: name, rank: rank, costName: try text("model"),
                unit: strategy == .spatial ? name : device, devices: try devices(device),
                requests: max(1, Int(try positive("num_requests"))), throughput: try number("throughput_rps"),
                latency: try number("avg_req_latency_s"), timeToFirstToken: try number("avg_ttft_s"),
                withinScale: within)
        }

        /// `4`, or the 8 of `mesh8idx0`.
        private func devices(_ text: String) throws(FileError) -> Int {
            let digits = text.hasPrefix("mesh") ? text.dropFirst(4).prefix { $0.isNumber } : text[...]
            guard let count = Int(digits), count > 0, count <= 1024 else {
                throw error("device", "'\(text)' names no number of devices, as in 4 or mesh4idx0")
            }
            return count
        }

        private func text(_ column: String) throws(FileError) -> String {
            guard let position = columns[column], position < fields.count, !fields[position].isEmpty else {
                throw error(column, "is missing")
            }
            return String(fields[position])
        }

        private func number(_ column: String) throws(FileError) -> Double {
            guard let value = Double(try text(column)), value.isFinite, value >= 0, value < 1e12 else {
                throw error(column, "'\(try text(column))' is not a number of zero or more")
            }
            return value
        }

        private func positive(_ column: String) throws(FileError) -> Double {
            let value = try number(column)
            if value == 0 { throw error(column, "is 0, expected a positive number") }
            return value
        }

        private func error(_ column: String, _ reason: String) -> FileError {
            FileError(file: file, line: line, field: column, reason: reason)
        }
    }
}
