package import ConfigurationFiles
package import Quantities
package import Workloads

/// The requests that a workload file asks for: the same file that `PlacementInput` reads, of which a load generator
/// needs neither cluster nor profiles.
///
/// Rates stand with the models, or follow from `alpha` and a `rate` of all models together, the hottest model first.
/// Lengths stand with a model as `prompts` and `outputs` (see `LengthField`), or are log-normal around the mean lengths
/// `prompt_len` and `output_len`. `arrivals` is `poisson`, `even` or `{gamma: DEVIATION}`; `duration` is in seconds;
/// `context` is the most tokens of prompt and output.
package struct WorkloadFile: Hashable, Sendable {
    package var models: [WorkloadModel]
    /// Absent where the file does not say.
    package var arrivals: ArrivalProcess?
    /// Absent where the file does not say.
    package var duration: Seconds?
    package var contextLimit: Int

    /// The fields of the file, with those that only planning reads.
    static let fields: Set<String> = [
        "models", "alpha", "rate", "arrivals", "duration", "context", "avg_prompt_len", "avg_output_len", "cluster",
    ]

    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`.
    package init(yaml: String, file: String) throws(FileError) {
        let root = try Field(yaml, file: file)
        try root.allowOnly(Self.fields)
        models = try ModelLoad.list(root).map(\.model)
        arrivals = try root.optional("arrivals").map(ArrivalProcess.init)
        duration = try root.optional("duration")?.number(1e-3...1e8)
        contextLimit = try root.optional("context")?.integer(2...(1 << 24)) ?? 2560
    }

    /// The workload, with standards for what the file leaves open.
    ///
    /// - Parameter rateScale: Times each model's rate.
    package func workload(
        rateScale: Double = 1, arrivals: ArrivalProcess? = nil, duration: Seconds? = nil
    ) -> Workload {
        var models = models
        for index in models.indices { models[index].rate *= rateScale }
        return Workload(
            models: models, arrivals: arrivals ?? self.arrivals ?? .poisson, duration: duration ?? self.duration ?? 300,
            contextLimit: contextLimit)
    }
}

extension ArrivalProcess {
    init(_ field: Field) throws(FileError) {
        switch try? field.text() {
        case "poisson": self = .poisson
        case "even": self = .deterministic
        case .some(let text): throw field.error("must be poisson, even or {gamma: DEVIATION}; is '\(text)'")
        case nil:
            try field.allowOnly(["gamma"])
            self = .gamma(cv: try field.field("gamma").number(1e-3...1e3))
        }
    }
}
