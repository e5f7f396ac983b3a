import KVCache
import Quantities
import Scheduling
import Testing

/// Whose request goes first.
struct SenderTests {
    /// A model that takes one request at a time, so that the order in which they end is that in which they began.
    private func world() throws -> ScheduledWorld {
        var world = ScheduledWorld(pages: 1000, policy: PolicyName.fcfs.policy)
        try world.load(
            ModelSettings(
                shape: try KVShape(layers: 1, kvHeads: 1, headSize: 64, pageBytes: 1024), weight: 1,
                shares: PhaseShares(prefill: Share(6), decode: Share(4)), maxSequences: 1))
        return world
    }

    /// The requests in the order in which they end.
    private func order(_ world: inout ScheduledWorld) -> [RequestID] {
        var ended: [RequestID] = []
        while !world.streams.isEmpty, world.finishNextJob() {
            ended += world.completed.keys.filter { !ended.contains($0) }
        }
        return ended
    }

    private func send(_ world: inout ScheduledWorld, _ name: String, _ priority: Int = 0, tokens: Int = 4) -> RequestID
    {
        world.send(world.models[0], prompt: [1, 2], maxTokens: tokens, sender: Sender(name: name, priority: priority))
    }

    @Test func equalSendersTakeTurns() throws {
        var world = try world()
        let flood = (0..<6).map { _ in send(&world, "flood") }
        let few = (0..<2).map { _ in send(&world, "few") }
        // The first was begun before the others came.
        var expected = [flood[0], few[0], flood[1], few[1]]
        expected += flood[2...]
        #expect(order(&world) == expected)
    }

    @Test func turnsCountTokens() throws {
        var world = try world()
        let long = (0..<3).map { _ in send(&world, "long", tokens: 22) }
        let short = (0..<6).map { _ in send(&world, "short", tokens: 6) }
        // Three of 8 tokens for each of 24.
        var expected = [long[0]]
        expected += short[..<3]
        expected.append(long[1])
        expected += short[3...]
        expected.append(long[2])
        #expect(order(&world) == expected)
    }

    @Test func priorityGoesFirst() throws {
        var world = try world()
        let first = send(&world, "a"), low = send(&world, "a", -1), plain = send(&world, "a"),
            high = send(&world, "b", 5)
        #expect(order(&world) == [first, high, plain, low])
    }

    @Test func oneSenderIsServedAsItComes() throws {
        var world = try world()
        let requests = (0..<20).map { send(&world, "", tokens: 1 + $0 % 5) }
        #expect(order(&world) == requests)
    }

    /// Who asked for nothing while others did has saved nothing.
    @Test func aLateComerHasNoMoreThanItsPart() throws {
        var world = try world()
        let early = (0..<8).map { _ in send(&world, "early") }
        while world.completed.count < 4, world.finishNextJob() {}
        let late = (0..<4).map { _ in send(&world, "late") }
        let rest = order(&world).filter { late.contains($0) || early[5...].contains($0) }
        #expect(rest.prefix(4).count(where: late.contains) == 2, "\(rest)")
    }
}
