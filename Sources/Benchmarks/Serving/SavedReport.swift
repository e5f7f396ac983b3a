package import ConfigurationFiles
package import Workloads

/// What is read again of a report that `weft bench serve` wrote.
package struct SavedReport {
    package let service: ServiceReport
    /// Latencies of requests alone, by which attainment was measured.
    package let unloaded: [LatencyBaseline]

    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`.
    package init(json: String, file: String) throws(FileError) {
        let root = try Field(json, file: file)
        try root.allowOnly([
            "endpoint", "seed", "warm_up", "service", "failures", "unloaded", "lateness", "kv_usage",
        ])
        service = try ServiceReport(root.field("service"))
        var unloaded: [LatencyBaseline] = []
        for entry in try root.field("unloaded").elements(atLeast: 0) { unloaded.append(try LatencyBaseline(entry)) }
        self.unloaded = unloaded
    }
}

extension LatencyBaseline {
    fileprivate init(_ field: Field) throws(FileError) {
        try field.allowOnly(["model", "base", "per_prompt_token", "per_output_token"])
        func seconds(_ key: String) throws(FileError) -> Double { try field.field(key).number(0...1e9) }
        self.init(
            model: try field.field("model").text(), base: try seconds("base"),
            perPromptToken: try seconds("per_prompt_token"), perOutputToken: try seconds("per_output_token"))
    }
}
