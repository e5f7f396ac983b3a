import ConfigurationFiles
import Engine
import Foundation
import Quantities
import Scheduling
import Testing

/// What a reload does, as a value.
struct ReloadPlanTests {
    private func read(_ yaml: String) throws -> ServeConfiguration {
        try ServeConfiguration(Field(yaml, file: "serve.yaml"))
    }

    /// The plan between two configurations, where all that the old one names is loaded.
    private func plan(_ old: String, _ new: String) throws -> ReloadPlan {
        let old = try read(old)
        return try ReloadPlan(from: old, to: read(new)) { name in
            old.units.first { $0.name == name }?.models.map { .init(configuration: $0, memory: $0) } ?? []
        }
    }

    private func refusal(_ old: String, _ new: String) -> String? {
        do { return try plan(old, new).isEmpty ? nil : "" } catch { return "\(error)" }
    }

    @Test func modelsComeGoAndChange() throws {
        let old = """
            models:
            - {name: a, path: a.gguf}
            - {name: b, path: b.gguf}
            - {name: c, path: c.gguf}
            - {name: e, path: e.gguf}
            """
        let new = """
            max_requests: 5
            aliases: {x: a}
            log: {level: debug}
            models:
            - {name: a, path: a.gguf, rate: 2, shares: [5, 5], ttft: 1, tpot: 2, pinned: true}
            - {name: b, path: other.gguf, rate: 3}
            - {name: d, path: d.gguf}
            - {name: e, path: e.gguf}
            """
        let plan = try plan(old, new), models = try read(new).units[0].models
        #expect(plan.fields == ["aliases", "log"])
        let unit = try #require(plan.units.first)
        #expect(plan.units.count == 1 && unit.name == "unit0" && unit.maxRequests == 5)
        #expect(
            unit.changes == [
                .adjust(models[0], fields: ["rate", "shares", "ttft", "tpot", "pinned"]), .remove("c"),
                .replace(models[1], fields: ["path", "rate"]), .add(models[2]),
            ])
        let report = ReloadReport(plan)
        #expect(report.changes.map(\.change) == ["adjusted", "adjusted", "removed", "replaced", "added"])
        #expect(report.changes.map(\.model) == [nil, "a", "c", "b", "d"])
    }

    @Test func memoryBoundsWhatIsAdjusted() throws {
        var memory = ModelConfiguration(name: "a", path: "a.gguf")
        (memory.chunk, memory.maxSequences) = (256, 64)
        var now = memory
        (now.chunk, now.maxSequences) = (32, 8)
        let old = ServeConfiguration(units: [UnitConfiguration(models: [now])])
        for (chunk, sequences, isInPlace) in [(256, 64, true), (257, 8, false), (32, 65, false), (1, 1, true)] {
            var wanted = now
            (wanted.chunk, wanted.maxSequences) = (chunk, sequences)
            let plan = try ReloadPlan(from: old, to: ServeConfiguration(units: [UnitConfiguration(models: [wanted])])) {
                _ in [.init(configuration: now, memory: memory)]
            }
            guard case .adjust? = plan.units.first?.changes.first else {
                #expect(!isInPlace, "\(chunk) \(sequences)")
                continue
            }
            #expect(isInPlace, "\(chunk) \(sequences)")
        }
    }

    @Test(arguments: [
        ("host: 127.0.0.2", "host: needs a restart to change"), ("port: 1", "port: needs"),
        ("pool_mb: 7", "pool_mb: needs"),
        ("weights_mb: 7", "weights_mb: needs"), ("device: opencl", "device: needs"), ("policy: fcfs", "policy: needs"),
        ("devices: [a, b]", "devices: needs"), ("shards: 2", "shards: needs"),
        ("keys: k", "keys: needs"), ("insecure: true", "insecure: needs"), ("admin: {port: 1}", "admin: needs"),
        ("tls: {certificate: a, key: b}", "tls: needs"), ("cors: {origins: [a]}", "cors: needs"),
        ("tracing: {endpoint: 'http://a'}", "tracing: needs"), ("name: other", "units: needs"),
        ("replacement: {costs: c}", "replacement: needs"),
        ("port: 1\npool_mb: 7", "port, pool_mb: need a restart to change"),
    ])
    func whatNeedsARestartIsNamed(_ field: String, _ expected: String) {
        let models = "\nmodels: [{name: a, path: a.gguf}]"
        #expect(refusal("max_requests: 9\(models)", "max_requests: 9\n\(field)\(models)")?.hasPrefix(expected) == true)
    }

    @Test func unitsAreNamedWhereThereAreSeveral() {
        let units = "units:\n- {name: x, models: [{name: a, path: a}]}\n- {name: y, models: [{name: a, path: a}]"
        #expect(refusal(units + "}", units + ", pool_mb: 7}") == "pool_mb of unit 'y': needs a restart to change")
        #expect(refusal(units + "}", units + "}") == nil)
    }

    /// Carried out on what is loaded, a plan gives what the new configuration says, and leaves alone what neither
    /// names; what it adjusts fits into its memory.
    @Test func aPlanLeadsFromOneConfigurationToAnother() throws {
        for seed in 0..<2000 as Range<UInt64> { try lead(SplitMix64(seed: seed, stream: 31)) }
    }

    private func lead(_ random: SplitMix64) throws {
        var random = random
        let (old, new) = (Self.configuration(&random), Self.configuration(&random))
        var loaded: [String: [ReloadPlan.Loaded]] = [:]
        for unit in old.units {
            // Some were unloaded, some loaded by hand, some lowered since they were loaded.
            var models = unit.models.filter { _ in random.integer(in: 0...4) > 0 }
            models.append(ModelConfiguration(name: "by hand", path: "x"))
            loaded[unit.name] = models.map { model in
                var memory = model
                if random.integer(in: 0...1) == 0 { (memory.chunk, memory.maxSequences) = (512, 128) }
                return .init(configuration: model, memory: memory)
            }
        }
        let plan = try ReloadPlan(from: old, to: new) { loaded[$0] ?? [] }
        for unit in new.units {
            var models = Dictionary(
                uniqueKeysWithValues: (loaded[unit.name] ?? []).map { ($0.configuration.name, $0) })
            for change in plan.units.first(where: { $0.name == unit.name })?.changes ?? [] {
                switch change {
                case .add(let model):
                    #expect(models[model.name] == nil)
                    models[model.name] = .init(configuration: model, memory: model)
                case .remove(let name): #expect(models.removeValue(forKey: name) != nil)
                case .replace(let model, let fields):
                    #expect(models[model.name] != nil && !fields.isEmpty)
                    models[model.name] = .init(configuration: model, memory: model)
                case .adjust(let model, let fields):
                    let present = try #require(models[model.name])
                    #expect(!fields.isEmpty && present.configuration.path == model.path)
                    #expect(model.chunk <= present.memory.chunk)
                    #expect(model.maxSequences <= present.memory.maxSequences)
                    models[model.name]?.configuration = model
                }
            }
            var wanted = Set(unit.models)
            wanted.insert(ModelConfiguration(name: "by hand", path: "x"))
            #expect(Set(models.values.map(\.configuration)) == wanted)
            // The same again is nothing.
            let again = try ReloadPlan(from: new, to: new) { _ in
                unit.models.map { .init(configuration: $0, memory: $0) }
            }
            #expect(again.units.filter { $0.name == unit.name }.isEmpty && again.fields.isEmpty)
        }
    }

    private static func configuration(_ random: inout SplitMix64) -> ServeConfiguration {
        let units = ["x", "y"].map { name in
            let models = ["a", "b", "c", "d"].filter { _ in random.integer(in: 0...2) > 0 }.map { name in
                var model = ModelConfiguration(name: name, path: random.integer(in: 0...5) == 0 ? "other" : name)
                if random.integer(in: 0...2) == 0 { model.rate = Double(random.integer(in: 1...3)) }
                if random.integer(in: 0...2) == 0 { model.chunk = [64, 256, 512][random.integer(in: 0...2)] }
                if random.integer(in: 0...2) == 0 { model.maxSequences = [1, 64, 128][random.integer(in: 0...2)] }
                if random.integer(in: 0...4) == 0 { model.context = 64 }
                if random.integer(in: 0...4) == 0 { model.ttft = 1 }
                model.pinned = random.integer(in: 0...2) == 0
                return model
            }
            var unit = UnitConfiguration(name: name, models: models)
            unit.maxRequests = random.integer(in: 1...2)
            return unit
        }
        return ServeConfiguration(units: units)
    }
}
