import ArgumentParser
import ConfigurationFiles
import Placement
import Quantities
import Workloads

/// Which requests of a workload file are made, alike in simulation and measurement.
struct RequestOptions: ParsableArguments {
    @Option(help: "Recorded requests as JSON lines, instead of drawn ones.")
    var trace: String?

    @Option(help: "Seconds in which requests arrive; 300 unless given here or in the workload.")
    var duration: Double?

    @Option(help: "How uneven arrivals are: the deviation of gaps over their mean. 1 is Poisson.")
    var burstiness: Double?

    @Option(help: "What the workload's rates are multiplied by.")
    var rateScale = 1.0

    @Option(
        help: """
            FROM-TO: between these seconds the models change places in popularity, the hottest with the coldest.
            """, transform: Self.span)
    var turn: ClosedRange<Double>?

    @Option(help: "Equal seeds give equal requests.")
    var seed: UInt64 = 1

    private static func span(_ text: String) throws -> ClosedRange<Double> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
        guard ends.count == 2, let from = ends[0], let to = ends[1], from >= 0, from <= to, to.isFinite else {
            throw ValidationError("must be two numbers of seconds, as 60-120")
        }
        return from...to
    }

    func validate() throws {
        if let duration, !(duration.isFinite && duration > 0) {
            throw ValidationError("--duration must be positive seconds")
        }
        if let burstiness, !(burstiness.isFinite && burstiness > 0) {
            throw ValidationError("--burstiness must be positive")
        }
        if !(rateScale.isFinite && rateScale > 0) { throw ValidationError("--rate-scale must be positive") }
        if trace != nil, duration != nil || burstiness != nil || rateScale != 1 || turn != nil {
            throw ValidationError(
                "--trace has its own arrivals: leave --duration, --burstiness, --rate-scale and --turn out")
        }
        if turn != nil, burstiness != nil { throw ValidationError("--turn has arrivals of its own, without bursts") }
    }

    /// The requests, and each model's requests per second.
    func requests(of path: String) throws -> (requests: [Request], rates: [(model: String, rate: Double)]) {
        let file = try WorkloadFile(yaml: PlanningInputs.text(path), file: path)
        if let trace { return try recorded(trace, file.models.map(\.name)) }
        let arrivals = burstiness.map { $0 == 1 ? ArrivalProcess.poisson : .gamma(cv: $0) }
        let workload = file.workload(rateScale: rateScale, arrivals: arrivals, duration: duration)
        do throws(WorkloadError) {
            let requests =
                if let turn { try Drift(workload, turn: turn).requests(seed: seed) } else {
                    try workload.requests(seed: seed)
                }
            return (requests, workload.models.map { ($0.name, $0.rate) })
        } catch {
            throw FileError(file: path, reason: "\(error)")
        }
    }

    private func recorded(
        _ trace: String, _ models: [String]
    ) throws -> (requests: [Request], rates: [(model: String, rate: Double)]) {
        let requests = try PlanningInputs.trace(trace, of: models)
        let span = max(requests.last?.arrival ?? 0, 1e-9)
        let counts = Dictionary(grouping: requests, by: \.model).mapValues { Double($0.count) }
        return (requests, models.map { ($0, (counts[$0] ?? 0) / span) })
    }
}

/// The requests that are simulated, and on what.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "The models and their rates: YAML as MuxServe's placement reads it.")
    var workload: String

    @Option(help: "NODESxDEVICES, NODESxDEVICESxGB or a YAML file; overrides the workload's.")
    var cluster: String?

    @Option(help: "The cost file: MuxServe's JSON, or CSV.")
    var costs: String

    @OptionGroup var requests: RequestOptions
}
