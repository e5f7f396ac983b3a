import ConfigurationFiles
import Engine
import Foundation
import GGUF
import Quantities
import Testing

/// A fleet serves another configuration while it is at work.
@Suite(.serialized)
struct ReloadTests {
    private func prompt(_ seed: Int) -> [Int32] { (0..<9).map { Int32(($0 * 31 + seed * 17) % 256) } }

    @Test func modelsComeGoAndChangeWhileOthersServe() async throws {
        let service = try await TinyService(models: [("a", 32), ("b", 64), ("c", 32)])
        let alone = try await service.tokens(of: "a", after: prompt(1), count: 60)
        var new = service.configuration
        new.units[0].maxRequests = 77
        new.units[0].models[0].rate = 4
        new.units[0].models[0].chunk = 16
        new.units[0].models[1].kvType = .f32
        new.units[0].models[2] = try service.write("d", headSize: 32, seed: 9)
        let quotas = await service.status?.models.map(\.quota) ?? []
        let goal = new
        try await withThrowingTaskGroup(of: [Int32].self) { group in
            for _ in 0..<4 { group.addTask { try await service.tokens(of: "a", after: prompt(1), count: 60) } }
            // It may end what it is at.
            let patient = Task { try await service.tokens(of: "c", after: prompt(3), count: 60).count }
            try await Task.sleep(for: .milliseconds(20))
            let plan = try await service.fleet.reload(
                from: service.configuration, to: goal, patience: .seconds(30))
            #expect(
                ReloadReport(plan).changes.map { "\($0.change) \($0.model ?? $0.unit)" } == [
                    "adjusted unit0", "adjusted a", "removed c", "replaced b", "added d",
                ])
            #expect(try await patient.value == 60)
            for try await tokens in group { #expect(tokens == alone) }
        }
        #expect(Set(await service.fleet.models.map(\.name)) == ["a", "b", "d"])
        let after = try #require(await service.status?.models.first { $0.name == "a" })
        #expect(after.quota > quotas[0], "the quota follows the rate")
        #expect(try await service.tokens(of: "a", after: prompt(1), count: 60) == alone)
        for name in ["b", "d"] { #expect(try await service.tokens(of: name, after: prompt(2), count: 9).count == 9) }
        // Back again: `a` has the memory for its old chunk, and stays where it is.
        let back = try await service.fleet.reload(from: goal, to: service.configuration, patience: .seconds(30))
        #expect(
            ReloadReport(back).changes.map { "\($0.change) \($0.model ?? $0.unit)" } == [
                "adjusted unit0", "adjusted a", "removed d", "replaced b", "added c",
            ])
        try await service.expectEmptyPool()
    }

    /// What can be known before anything changes is refused then.
    @Test func aConfigurationThatIsWrongChangesNothing() async throws {
        let service = try await TinyService { $0.weightsMegabytes = 1 }
        func refusal(_ change: (inout ServeConfiguration) throws -> Void) async throws -> String {
            var new = service.configuration
            new.units[0].models[0].rate = 9
            try change(&new)
            let before = await service.status
            do {
                _ = try await service.fleet.reload(from: service.configuration, to: new, patience: .zero)
                return "taken"
            } catch {
                #expect(await service.status?.models.map(\.quota) == before?.models.map(\.quota))
                #expect(await service.fleet.models.map(\.name) == ["a", "b"])
                return "\(error)"
            }
        }
        let gone = try await refusal { $0.units[0].models[1] = ModelConfiguration(name: "x", path: "nowhere.gguf") }
        #expect(gone.hasPrefix("model 'x': "), "\(gone)")
        let many = try await refusal { $0.units[0].models[1].maxSequences = 1024 }
        #expect(many.contains("max_sequences"), "\(many)")
        var large = TinyLlama()
        large.vocabularySize = 8192
        let file = try service.write("large", large)
        let heavy = try await refusal { $0.units[0].models.append(file) }
        #expect(heavy.contains("bytes"), "\(heavy)")
        let fixed = try await refusal { $0.units[0].poolMegabytes = 16 }
        #expect(fixed == "pool_mb: needs a restart to change")
        try await service.expectEmptyPool()
    }

    /// A file whose weights turn out broken was not seen before: what was there comes back.
    @Test func whatCannotBeLoadedLeadsBack() async throws {
        let service = try await TinyService(models: [("a", 32), ("b", 64)])
        let tokens = try await service.tokens(of: "b", after: prompt(1), count: 20)
        let byHand = try service.write("by hand", headSize: 32, seed: 7)
        _ = try await service.fleet.load(byHand, unit: nil)
        var new = service.configuration
        var tiny = TinyLlama()
        tiny.type = .q4_0
        let broken = try service.write("broken", tiny)
        try service.damage("broken")
        new.units[0].models[0].rate = 5
        new.units[0].models[1] = broken
        let goal = new
        let quotas = await service.status?.models.map(\.quota)
        await #expect {
            _ = try await service.fleet.reload(from: service.configuration, to: goal, patience: .zero)
        } throws: {
            "\($0)".contains("scale out of range")
        }
        #expect(Set(await service.fleet.models.map(\.name)) == ["a", "b", "by hand"])
        #expect(await service.status?.models.map(\.quota).sorted() == quotas?.sorted())
        #expect(try await service.tokens(of: "b", after: prompt(1), count: 20) == tokens)
        try await service.expectEmptyPool()
    }
}
