import Compute
import ComputeOpenCL
import Engine
import Foundation
import GGUF
import KVCache
import Logging
import Placement
import Quantities
import Synchronization
import Testing

/// Two units on CPUs whose models move for what is asked of them.
@Suite(.serialized)
struct ReplacerTests {
    private static let prompt: [Int32] = (0..<9).map { $0 * 31 % 256 }

    /// Whether those who ask shall stop.
    private final class Stop: Sendable {
        private let isOver = Mutex(false)
        var isAsked: Bool { isOver.withLock { $0 } }
        func ask() { isOver.withLock { $0 = true } }
    }

    /// What was moved.
    private final class Log: Sendable {
        private let noted = Mutex<[ModelMove]>([])
        var moves: [ModelMove] { noted.withLock { $0 } }
        func note(_ move: ModelMove) { noted.withLock { $0.append(move) } }
    }

    private struct Service: Sendable {
        let fleet: Fleet
        let replacement: ReplacementConfiguration
        let folder: String

        init(pinning pinned: Set<String> = []) async throws {
            folder = NSTemporaryDirectory() + "weft-replacer-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var units: [UnitConfiguration] = []
            for (index, names) in [["a", "b"], ["c"]].enumerated() {
                var models: [ModelConfiguration] = []
                for name in names {
                    var tiny = TinyLlama()
                    tiny.seed = UInt64(name.utf8.first ?? 0)
                    try tiny.write(to: "\(folder)/\(name).gguf")
                    var model = ModelConfiguration(name: name, path: "\(name).gguf")
                    (model.chunk, model.pinned) = (32, pinned.contains(name))
                    models.append(model)
                }
                var unit = UnitConfiguration(name: "unit\(index)", models: models)
                unit.poolMegabytes = 8
                units.append(unit)
            }
            var configuration = ServeConfiguration(units: units)
            var replacement = ReplacementConfiguration(costs: "costs.json")
            (replacement.halfLife, replacement.replicas) = (120, 1)
            (configuration.replacement, self.replacement) = (replacement, replacement)
            let cache = NSTemporaryDirectory() + "weft-engine-kernels"
            fleet = Fleet(configuration, modelFolder: folder, logger: Logger(label: "test")) { _ in
                Mesh(try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: cache))
            }
            try await fleet.load()
        }

        func tokens(_ model: String, count: Int = 12) async throws -> [Int32] {
            var request = GenerationRequest(model: model, prompt: ReplacerTests.prompt)
            request.maxTokens = count
            request.ignoresEndOfText = true
            var tokens: [Int32] = []
            for try await case .token(let token) in try await fleet.generate(request) { tokens.append(token.id) }
            return tokens
        }

        /// What each unit serves.
        var models: [[String]] {
            get async { await fleet.status?.units.map { $0.models.map(\.name).sorted() } ?? [] }
        }

        /// Moves by costs with which a unit serves so many requests a second of what has been asked.
        func replacer(
            capacity: Double, moved: @escaping @Sendable (ModelMove) -> Void = { _ in }
        ) -> Replacer {
            let tokens = 21.0, parameters = 1e6
            // Products alone take time: of each token at 60 % of the peak, on the whole device.
            let peak = DevicePeak(
                flopsPerSecond: capacity * tokens * 2 * parameters / 0.6, bytesPerSecond: 1e12, launchCost: 0)
            let profiles = ["a", "b", "c"].map {
                ModelProfile(
                    costName: $0, parameters: parameters, layers: 2, hiddenSize: 64, heads: 2, kvHeads: 1,
                    headSize: 32)
            }
            let table = Roofline(peak: peak).table(for: profiles, memoryBytes: 1e9)
            return Replacer(replacement, costs: table, fleet: fleet, logger: Logger(label: "test")) { [fleet] in
                moved($0)
                try await fleet.carryOut($0, as: $1, patience: .seconds(60))
            }
        }

        func rate(of model: String) -> Double { fleet.rates?.rate(of: model, at: fleet.now) ?? 0 }
    }

    /// The models of the first unit become hot: one of them moves to the other, while all are asked.
    @Test func aHotModelMovesAndNoRequestIsLost() async throws {
        let service = try await Service()
        defer { try? FileManager.default.removeItem(atPath: service.folder) }
        var alone: [String: [Int32]] = [:]
        for model in ["c", "a", "b"] { alone[model] = try await service.tokens(model) }
        let expected = alone
        #expect(Set(expected.values).count == 3)
        // Nobody knows yet what is hot.
        let calm = try await service.replacer(capacity: 1e6).decide(isDryRun: false, isAsked: true)
        #expect(calm.made == 0 && calm.decision.moves.isEmpty && !calm.decision.reason.isEmpty)

        let (stop, log) = (Stop(), Log())
        let served = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    let model = worker == 5 ? "c" : worker % 2 == 0 ? "a" : "b"
                    var count = 0
                    while !stop.isAsked, !Task.isCancelled {
                        let tokens = try await service.tokens(model)
                        #expect(tokens == expected[model])
                        count += 1
                        if model == "c" { try await Task.sleep(for: .milliseconds(200)) }
                    }
                    return count
                }
            }
            try await Task.sleep(for: .seconds(2))
            let hot = service.rate(of: "a") + service.rate(of: "b")
            let replacer = service.replacer(capacity: hot) { log.note($0) }

            let dry = try await replacer.decide(isDryRun: true, isAsked: true)
            #expect(dry.made == 0 && !dry.decision.moves.isEmpty && log.moves.isEmpty)
            #expect(await service.models == [["a", "b"], ["c"]])
            let outcome = try await replacer.decide(isDryRun: false, isAsked: false)
            #expect(outcome.failure == nil && outcome.made == outcome.decision.moves.count)
            #expect(log.moves == outcome.decision.moves)
            #expect(outcome.decision.moves.allSatisfy { !$0.reason.isEmpty })
            let placed = await service.models
            #expect(placed != [["a", "b"], ["c"]] && placed.flatMap(\.self).sorted() == ["a", "b", "c"], "\(placed)")
            #expect(!placed.contains { $0.contains("a") && $0.contains("b") }, "\(placed)")
            // Just moved: nothing moves again, and the report says what did.
            let next = try await replacer.decide(isDryRun: false, isAsked: false)
            #expect(next.made == 0 && next.decision.reason.hasPrefix("too soon"))
            let report = try await replacer.report()
            #expect(report.units.map { $0.models.sorted() } == placed)
            #expect(report.rates.first { $0.model == "a" }?.rate ?? 0 > 0)
            stop.ask()
            return try await group.reduce(0, +)
        }
        #expect(served > 6)
        for model in ["a", "b", "c"] { #expect(try await service.tokens(model) == expected[model]) }
        #expect(await service.fleet.pageUse.held == 0)
    }

    /// Pinned models stay, whatever is asked of them.
    @Test func whatCannotMoveStays() async throws {
        let service = try await Service(pinning: ["a", "b"])
        defer { try? FileManager.default.removeItem(atPath: service.folder) }
        for _ in 0..<10 {
            for model in ["a", "b"] { _ = try await service.tokens(model, count: 2) }
        }
        let hot = service.rate(of: "a") + service.rate(of: "b")
        let outcome = try await service.replacer(capacity: hot).decide(isDryRun: false, isAsked: true)
        #expect(!outcome.decision.moves.contains { $0.model != "c" })
        #expect(outcome.decision.rates.map(\.model) == ["c"])
    }

    @Test func modelsWithoutCostsAreNamed() async throws {
        let service = try await Service()
        defer { try? FileManager.default.removeItem(atPath: service.folder) }
        let table = Roofline(peak: .a100).table(for: [.llama7B], memoryBytes: 80e9)
        let replacer = Replacer(
            service.replacement, costs: table, fleet: service.fleet, logger: Logger(label: "test")
        ) { _, _ in }
        let error = await #expect(throws: CostError.self) {
            try await replacer.decide(isDryRun: true, isAsked: true)
        }
        #expect(error?.description == "no costs of model a; the cost file has llama-7b")
    }
}
