package import ConfigurationFiles

extension PaperRun {
    private static let needed = [
        "alpha", "rate_scale", "strategy", "llm", "model", "device", "throughput_rps", "avg_req_latency_s",
        "avg_ttft_s", "num_requests",
    ]
    private static let withinPrefix = "within_slo_x"

    /// Reads runs from a table with a line for each model of each run.
    ///
    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`.
    package static func read(csv: String, file: String) throws(FileError) -> [PaperRun] {
        let rows = try Field.rows(csv, file: file, columns: needed) {
            // More scales than are compared, and the rate that follows from alpha and scale.
            $0 == "rate_int" || $0.hasPrefix(withinPrefix)
        }
        var runs: [PaperRun] = []
        for row in rows { try add(row, to: &runs) }
        if runs.isEmpty { throw FileError(file: file, reason: "holds no run") }
        return runs
    }

    private static func add(_ row: Field, to runs: inout [PaperRun]) throws(FileError) {
        let strategy: PaperStrategy = try row.field("strategy").choice()
        let (alpha, scale) = (try row.field("alpha").number(), try row.field("rate_scale").number())
        let model = try model(row, strategy)
        let known = runs.firstIndex { $0.alpha == alpha && $0.rateScale == scale && $0.strategy == strategy }
        guard let known else {
            runs.append(PaperRun(alpha: alpha, rateScale: scale, strategy: strategy, models: [model]))
            return
        }
        if runs[known].models.contains(where: { $0.name == model.name }) {
            throw try row.field("llm").error("'\(model.name)' is given twice in its run")
        }
        runs[known].models.append(model)
    }

    private static func model(_ row: Field, _ strategy: PaperStrategy) throws(FileError) -> Model {
        let name = try row.field("llm").text()
        guard let rank = name.split(separator: "-").last.flatMap({ Int($0) }), 0..<100_000 ~= rank else {
            throw try row.field("llm").error("'\(name)' does not end with a rank, as in llm-0")
        }
        var within: [Double: Int] = [:]
        for scale in scales {
            within[scale] = try row.optional("\(withinPrefix)\(Int(scale))").map { field throws(FileError) in
                Int(try field.number(measures))
            }
        }
        return Model(
            name: name, rank: rank, costName: try row.field("model").text(),
            unit: strategy == .spatial ? name : try row.field("device").text(), devices: try devices(row),
            requests: try row.field("num_requests").integer(1...(1 << 40)),
            throughput: try row.field("throughput_rps").number(measures),
            latency: try row.field("avg_req_latency_s").number(measures),
            timeToFirstToken: try row.field("avg_ttft_s").number(measures), withinScale: within)
    }

    /// What may have been measured.
    private static let measures = 0...1e12

    /// `4`, or the 8 of `mesh8idx0`.
    private static func devices(_ row: Field) throws(FileError) -> Int {
        let field = try row.field("device")
        let text = try field.text()
        let digits = text.hasPrefix("mesh") ? text.dropFirst(4).prefix { $0.isNumber } : text[...]
        guard let count = Int(digits), 1...1024 ~= count else {
            throw field.error("'\(text)' names no number of devices, as in 4 or mesh4idx0")
        }
        return count
    }
}
