import ArgumentParser
import Placement
import Workloads

/// The requests that are simulated, and on what.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "The models and their rates: YAML as MuxServe's placement reads it.")
    var workload: String

    @Option(help: "NODESxDEVICES, NODESxDEVICESxGB or a YAML file; overrides the workload's.")
    var cluster: String?

    @Option(help: "The cost file: MuxServe's JSON, or CSV.")
    var costs: String

    @Option(help: "Recorded requests as JSON lines, instead of drawn ones.")
    var trace: String?

    @Option(help: "Seconds in which requests arrive.")
    var duration = 300.0

    @Option(help: "How uneven arrivals are: the deviation of gaps over their mean. 1 is Poisson.")
    var burstiness = 1.0

    @Option(help: "Equal seeds give equal requests.")
    var seed: UInt64 = 1

    func validate() throws {
        if !(duration.isFinite && duration > 0) { throw ValidationError("--duration must be positive seconds") }
        if !(burstiness.isFinite && burstiness > 0) { throw ValidationError("--burstiness must be positive") }
    }

    func requests(_ demands: [ModelDemand]) throws -> [Request] {
        if let trace { return try PlanningInputs.trace(trace) }
        let models = demands.map { demand in
            let longest = 2048.0
            return WorkloadModel(
                name: demand.name, rate: demand.rate,
                prompts: .logNormal(mean: min(demand.meanPromptTokens, longest / 4), spread: 1.2, limits: 4...1024),
                outputs: .logNormal(mean: min(demand.meanOutputTokens, longest / 3), spread: 0.95, limits: 4...1536))
        }
        let arrivals = burstiness == 1 ? ArrivalProcess.poisson : .gamma(cv: burstiness)
        return try Workload(models: models, arrivals: arrivals, duration: duration, contextLimit: 2560)
            .requests(seed: seed)
    }
}
