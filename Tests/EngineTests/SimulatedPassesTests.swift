import Compute
import Engine
import Foundation
import GGUF
import KVCache
import Placement
import Quantities
import Scheduling
import Simulation
import Synchronization
import TestDevices
import Testing
import Tokenization
import Transformer
import Workloads

/// The engine, on a device that computes nothing, and the simulator, fed with the same requests: what is simulated is
/// what is served.
@Suite(.serialized)
struct SimulatedPassesTests {
    private static let grain = Share.whole.tenths

    /// A pass that does not come to its lane would be waited for without end.
    @Test(.timeLimit(.minutes(10)), arguments: PolicyName.allCases)
    func theSamePassesRunOnTheSameLanesInTheSameOrder(policy: PolicyName) async throws {
        let folder = NSTemporaryDirectory() + "weft-passes-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configuration = try Self.configuration(policy, in: folder)
        let files = try configuration.models.map { try ModelFile(path: $0.path) }
        let requests = try Self.requests()

        let unit = try Self.simulated(configuration, files)
        var events: [UnitSimulator.Event] = []
        var simulator = try UnitSimulator(unit, policy: policy.policy) { events.append($0) }
        let records = simulator.run(requests)
        #expect(records.allSatisfy { $0.finish != nil && $0.preemptions == 0 })
        let expected = events.compactMap { event -> String? in
            if case .started(let pass, _) = event { Self.text(pass) } else { nil }
        }
        let lanes = Set(expected.map { $0.prefix { $0 != " " } })
        #expect(lanes.count > 1 || policy == .temporal, "only one lane was used")
        print("\(policy.rawValue): \(requests.count) requests, \(expected.count) passes on \(lanes.count) lanes")

        let world = World()
        let served = try await Self.served(configuration, files, world)
        try await Self.drive(served, requests, events, world)
        let found = world.passes.withLock { $0 }.map(Self.text)
        #expect(found.count == expected.count)
        if let first = zip(found, expected).enumerated().first(where: { $1.0 != $1.1 }) {
            Issue.record("pass \(first.offset) is \(first.element.0), simulated \(first.element.1)")
        }
    }

    /// The virtual time, and the passes that wait for the time of their end.
    private final class World: Sendable {
        let now = Mutex<Seconds>(0)
        let passes = Mutex<[Pass]>([])
        private let signals = Mutex<[LaneID: Signal]>([:])
        private let ended = Signal()

        /// Each that is sent ends one wait, whichever comes first.
        private struct Signal {
            private let events: AsyncStream<Void>
            private let inlet: AsyncStream<Void>.Continuation

            init() { (events, inlet) = AsyncStream.makeStream() }

            func send() { inlet.yield() }

            /// Returns at once in a task that is cancelled.
            func wait() async { _ = await events.first { _ in true } }
        }

        private func due(_ lane: LaneID) -> Signal {
            signals.withLock { signals in
                let signal = signals[lane] ?? Signal()
                signals[lane] = signal
                return signal
            }
        }

        func wait(_ pass: Pass) async { await due(pass.lane).wait() }

        func noteEnd() { ended.send() }

        /// Lets the pass of a lane end, and returns when what follows from that has been decided.
        func end(_ lane: LaneID) async throws {
            due(lane).send()
            await ended.wait()
            try Task.checkCancellation()
        }
    }

    private static func configuration(_ policy: PolicyName, in folder: String) throws -> UnitConfiguration {
        let models = try (0..<3).map { index in
            var tiny = TinyLlama()
            tiny.seed = UInt64(index)
            try tiny.write(to: "\(folder)/m\(index).gguf")
            var model = ModelConfiguration(name: "m\(index)", path: "\(folder)/m\(index).gguf")
            // Pages that the simulator does not bundle.
            model.kvType = .q8_0
            model.shares = [[6, 4], [8, 3], [5, 5]][index]
            model.chunk = 64
            if index == 1 { model.ttft = 0.5 }
            if index == 2 { model.tpot = 0.02 }
            return model
        }
        var configuration = UnitConfiguration(models: models)
        configuration.policy = policy
        configuration.poolMegabytes = 64
        return configuration
    }

    private static func requests() throws -> [Request] {
        try Workload(
            models: (0..<3).map {
                WorkloadModel(
                    name: "m\($0)", rate: 3 / Double($0 + 1), prompts: .exponential(mean: 60, limits: 4...180),
                    outputs: .exponential(mean: 25, limits: 1...60))
            }, duration: 25
        ).requests(seed: 9)
    }

    private static func simulated(_ configuration: UnitConfiguration, _ files: [ModelFile]) throws -> SimulatedUnit {
        let costs = CostModel(Roofline(peak: .a100).table(for: ModelProfile.llamas, memoryBytes: 80e9))
        let models = try zip(configuration.models, files).map { model, file in
            SimulatedModel(
                name: model.name, profile: .llama7B,
                settings: ModelSettings(
                    model, shape: try Model.kvShape(file.network, type: model.kvType)),
                cost: try #require(try costs.costs(of: ModelProfile.llama7B.costName, devices: 1)))
        }
        let slow = PhaseContention(
            prefillBesidePrefill: 1.4, prefillBesideDecode: 1.1, decodeBesidePrefill: 1.3, decodeBesideDecode: 1.2)
        let serving = ServingCost(perRequest: 0.001, perPass: 0.0005, perSequence: 0.0001)
        let device = ProfiledDevice(
            name: "tenths", units: grain, contention: [ModelProfile.llama7B.costName: slow],
            serving: [ModelProfile.llama7B.costName: serving])
        return SimulatedUnit(
            device: LanedDevice(device, policy: configuration.policy, shares: models.map(\.settings.shares)),
            pages: configuration.poolMegabytes << 20 / PageLayout.defaultPageBytes, models: models)
    }

    private static func served(
        _ configuration: UnitConfiguration, _ files: [ModelFile], _ world: World
    ) async throws -> Engine.Unit {
        let unit = try Engine.Unit(
            configuration, sequences: 256, pagesPerSequence: 256, mesh: Mesh(IdleDevice()),
            hooks: Engine.Unit.Hooks(
                now: { world.now.withLock { $0 } }, willRun: { pass in world.passes.withLock { $0.append(pass) } },
                didRun: { await world.wait($0) }, didEnd: { _ in world.noteEnd() }))
        for (model, file) in zip(configuration.models, files) { _ = try await unit.load(model, file, cache: nil) }
        return unit
    }

    /// Lets the engine see the events of the simulation, one after the other.
    private static func drive(
        _ unit: Engine.Unit, _ requests: [Request], _ events: [UnitSimulator.Event], _ world: World
    ) async throws {
        var streams: [Task<Void, any Error>] = []
        for event in events {
            switch event {
            case .started: break
            case .arrived(let number, let time):
                world.now.withLock { $0 = time }
                // Prompts that begin alike would share pages, of which the simulator knows nothing.
                let prompt = (0..<requests[number].promptTokens).map { index in
                    TokenID(index == 0 ? number % 256 : (index * 31 + number / 256) % 256)
                }
                var request = GenerationRequest(model: requests[number].model, prompt: prompt)
                request.maxTokens = requests[number].outputTokens
                request.ignoresEndOfText = true
                let stream = try await unit.generate(request)
                streams.append(Task { for try await _ in stream {} })
            case .finished(let lane, let time):
                world.now.withLock { $0 = time }
                try await world.end(lane)
            }
        }
        for stream in streams { try await stream.value }
    }

    private static func text(_ pass: Pass) -> String {
        let jobs = pass.jobs.map { job in
            let rows = job.rows.map { "\($0.request.number):\($0.positions)\($0.draw)" }.joined(separator: " ")
            return "\(job.phase.rawValue)/\(job.share.tenths) \(rows)"
        }
        return "lane\(pass.lane.index) model \(pass.model.index) \(jobs.joined(separator: "; "))"
    }
}
