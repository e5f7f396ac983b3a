import ArgumentParser
import Benchmarks
import Foundation
import Quantities
import Reporting
import Workloads

/// `weft bench serve`: a load on any OpenAI endpoint.
struct BenchServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Measure how an OpenAI endpoint serves a workload.",
        discussion: """
            Requests are sent when they arrive, however many are under way. First each model's latency is measured \
            alone: attainment is the part of the requests that finish within a multiple of it.
            """)

    @Argument(help: "The models and their rates: the YAML that `weft simulate` reads.")
    var workload: String

    @Option(help: "The endpoint.")
    var url = "http://127.0.0.1:8080"

    @Option(help: "Sent as a bearer token; by default $WEFT_API_KEY.")
    var apiKey: String?

    @Option(help: "NAME=THEIRS: the endpoint's name of a model of the workload. May be given for each model.")
    var modelName: [String] = []

    @OptionGroup var options: RequestOptions

    @Option(help: "Seconds at the start in which requests are served and not counted.")
    var warmUp = 0.0

    @Option(help: "Seconds after which a request counts as failed.")
    var timeout = 600.0

    @Option(help: "A report of an earlier run as JSON: attainment is measured against its unloaded latencies.")
    var unloaded: String?

    @Option(help: "Where to write the report as JSON.")
    var json: String?

    @Option(help: "Where to write tables and figures as HTML.")
    var html: String?

    @Option(help: "Where to write the requests as they were served: a trace that `weft simulate` reads.")
    var record: String?

    func validate() throws {
        if !(warmUp.isFinite && warmUp >= 0) { throw ValidationError("--warm-up must be zero or more seconds") }
        if !(timeout > 0 && timeout <= 1e6) { throw ValidationError("--timeout must be positive seconds") }
        for name in modelName where name.split(separator: "=", maxSplits: 1).count != 2 {
            throw ValidationError("--model-name '\(name)': expected NAME=THEIRS")
        }
    }

    func run() async throws {
        let (requests, rates) = try options.requests(of: workload)
        let load = Load(requests: requests, rates: rates, seed: options.seed, warmUp: warmUp)
        guard requests.contains(where: { $0.arrival >= warmUp }) else {
            throw ValidationError("\(workload): no request arrives after the warm-up of \(warmUp) s")
        }
        var generator = LoadGenerator(endpoint: try endpoint())
        generator.timeout = .seconds(timeout)
        generator.unloaded = try unloaded.map { try PlanningInputs.report($0).unloaded }
        let bar = Progress("serving")
        let (report, served) = try await generator.run(load) { stage in
            switch stage {
            case .measuringUnloaded(let model): bar.show(0, "alone: \(model)")
            case .sending(let share): bar.show(0.99 * share)
            case .finishing(let left): bar.show(left == 0 ? 1 : 0.99, "\(left) left")
            }
        }
        print(TextTable(report.service).text, terminator: "")
        for failure in report.failures {
            print("\(failure.model): \(failure.count) failed, \(failure.kind): \(failure.example)")
        }
        try write(report, served)
    }

    private func endpoint() throws -> Endpoint {
        let names = modelName.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let key = apiKey ?? ProcessInfo.processInfo.environment["WEFT_API_KEY"]
        return try Endpoint(
            url: url, apiKey: key, modelNames: Dictionary(names.map { ($0[0], $0[1]) }) { _, last in last })
    }

    private func write(_ report: ServingReport, _ served: [ServedRequest]) throws {
        if let json { try PlanningInputs.write(try report.prettyJSON() + "\n", to: json) }
        if let html { try PlanningInputs.write(ServingPage(report).html, to: html) }
        if let record {
            let trace = try Trace.write(Load.trace(of: served))
            try PlanningInputs.write(String(decoding: trace, as: UTF8.self), to: record)
        }
    }
}
