import Benchmarks
import Compute
import Engine
import Logging
import Placement
import Profiling
import Quantities
import Scheduling
import Server
import Workloads

/// A model served on a free loopback port, to measure what that adds to its passes.
struct ProfiledService {
    let name: String
    let path: String
    let device: any Device

    /// Passes and requests take turns, as a machine's speed drifts. Chosen: an odd number, for medians.
    private static let rounds = 5

    /// - Parameter probe: the same model on the same device, without a service.
    func cost(beside probe: ProfileProbe) async throws -> ServingCost {
        var model = ModelConfiguration(name: name, path: path)
        model.shares = [Share.whole.tenths, Share.whole.tenths]
        model.context = 2 * (ProfileProbe.promptTokens + ProfileProbe.outputTokens)
        var unit = UnitConfiguration(models: [model])
        unit.poolMegabytes = 256
        let logger = Logger(label: "weft profile") { _ in SwiftLogNoOpLogHandler() }
        let device = device
        let fleet = Fleet(
            ServeConfiguration(units: [unit]), modelFolder: "", weightCache: Folders.weights,
            tunings: Folders.usedTunings, logger: logger
        ) { _ in Mesh(device) }
        try await fleet.load()
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = WeftServer(fleet, configuration: WeftServer.Configuration(port: 0), logger: logger) {
            listening.yield($0)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await server.run()
            }
            defer { group.cancelAll() }
            for await port in ports { return try await cost(port, beside: probe) }
            try await group.next()
            throw CommandError("the service of \(name) ended before it listened")
        }
    }

    private func cost(_ port: Int, beside probe: ProfileProbe) async throws -> ServingCost {
        var generator = LoadGenerator(endpoint: try Endpoint(url: "http://127.0.0.1:\(port)"))
        generator.metricsInterval = nil
        generator.unloaded = [LatencyBaseline(model: name, base: 0, perPromptToken: 0, perOutputToken: 0)]
        var (passes, served): ([ServingCost.Times], [ServingCost.Times]) = ([], [])
        for round in 0..<Self.rounds {
            passes.append(try await probe.times())
            let alone = try await requests(1, seed: round, generator)
            let together = try await requests(ProfileProbe.requests, seed: round, generator)
            served.append(ServingCost.Times(first: alone.first, step: alone.step, stepTogether: together.step))
        }
        return ServingCost(
            passes: Self.median(passes), served: Self.median(served), together: ProfileProbe.requests)
    }

    /// Medians of the times that requests take which arrive together.
    private func requests(
        _ count: Int, seed: Int, _ generator: LoadGenerator
    ) async throws -> (first: Seconds, step: Seconds) {
        let request = Request(
            arrival: 0, model: name, promptTokens: ProfileProbe.promptTokens,
            outputTokens: ProfileProbe.outputTokens)
        let load = Load(
            requests: Array(repeating: request, count: count), rates: [(name, 1)], seed: UInt64(seed * 100 + count))
        let (_, served) = try await generator.run(load)
        guard let first = Percentiles(served.compactMap(\.record.timeToFirstToken))?.p50,
            let step = Percentiles(served.compactMap(\.record.timePerOutputToken))?.p50
        else { throw CommandError("\(name) was served no tokens: \(served.first?.failure.map { "\($0)" } ?? "")") }
        return (first, step)
    }

    private static func median(_ times: [ServingCost.Times]) -> ServingCost.Times {
        func middle(_ part: (ServingCost.Times) -> Seconds) -> Seconds { Percentiles(times.map(part))?.p50 ?? 0 }
        return ServingCost.Times(first: middle(\.first), step: middle(\.step), stepTogether: middle(\.stepTogether))
    }
}
