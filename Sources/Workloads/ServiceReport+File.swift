package import ConfigurationFiles
import Quantities

extension ServiceReport {
    /// Reads a report as it was written, in JSON with names of words joined by underscores.
    ///
    /// - Throws: `FileError`.
    package init(_ field: Field) throws(FileError) {
        try field.allowOnly(["overall", "models", "weighted_throughput"])
        overall = try ServiceFigures(field.field("overall"))
        var models: [Model] = []
        for entry in try field.field("models").elements() {
            try entry.allowOnly(["name", "rate", "figures"])
            models.append(
                Model(
                    name: try entry.field("name").text(), rate: try entry.field("rate").number(0...1e9),
                    figures: try ServiceFigures(entry.field("figures"))))
        }
        self.models = models
        weightedThroughput = try field.field("weighted_throughput").number(0...1e15)
    }
}

extension ServiceFigures {
    fileprivate init(_ field: Field) throws(FileError) {
        try field.allowOnly([
            "requests", "finished", "throughput", "output_tokens_per_second", "time_to_first_token",
            "time_per_output_token", "latency", "attainment", "preemptions",
        ])
        requests = try field.field("requests").integer(0...Int.max)
        finished = try field.field("finished").integer(0...Int.max)
        throughput = try field.field("throughput").number(0...1e15)
        outputTokensPerSecond = try field.field("output_tokens_per_second").number(0...1e15)
        timeToFirstToken = try field.optional("time_to_first_token").map(Percentiles.init)
        timePerOutputToken = try field.optional("time_per_output_token").map(Percentiles.init)
        latency = try field.optional("latency").map(Percentiles.init)
        var attainment: [Attainment] = []
        for entry in try field.field("attainment").elements(atLeast: 0) {
            try entry.allowOnly(["scale", "fraction"])
            attainment.append(
                Attainment(
                    scale: try entry.field("scale").number(), fraction: try entry.field("fraction").number(0...1)))
        }
        self.attainment = attainment
        preemptions = try field.field("preemptions").integer(0...Int.max)
    }
}

extension Percentiles {
    fileprivate init(_ field: Field) throws(FileError) {
        try field.allowOnly(["mean", "p50", "p90", "p99", "max"])
        func time(_ key: String) throws(FileError) -> Double { try field.field(key).number(0...1e15) }
        guard var percentiles = Percentiles([try time("mean")]) else { throw field.error("must not be empty") }
        (percentiles.p50, percentiles.p90) = (try time("p50"), try time("p90"))
        (percentiles.p99, percentiles.max) = (try time("p99"), try time("max"))
        self = percentiles
    }
}
