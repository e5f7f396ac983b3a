import KVCache
import Quantities
import Testing

struct PrefixSharingTests {
    private let shape: KVShape
    private var kv = KVManager(pages: 40, pageBytes: 1024)
    private let model: ModelID

    init() throws {
        shape = try KVShape(layers: 2, kvHeads: 1, headSize: 64, pageBytes: 1024)
        model = try kv.add(shape, weight: 1)
    }

    @Test mutating func equalPrefixesShareFullBlocks() {
        let prompt = (0..<10).map { Int32($0) }
        let first = kv.open(model, rank: 0, prompt: prompt)
        _ = kv.extend(first, to: 10, for: .admission)
        kv.publish(prompt, computed: prompt.count, of: first)

        let second = kv.open(model, rank: 1, prompt: prompt + [99])
        #expect(kv[second].tokenCount == 8)
        #expect(kv[second].pages[...] == kv[first].pages.prefix(4))
        #expect(kv.extend(second, to: 11, for: .admission) == .granted(firstNewPage: 4))
        #expect(kv.usage(of: model)?.held == 8)

        let other = kv.open(model, rank: 2, prompt: [7] + prompt)
        #expect(kv[other].tokenCount == 0)
        #expect(kv.audit() == [])
    }

    @Test mutating func lastPromptTokenIsAlwaysComputed() {
        let prompt = (0..<8).map { Int32($0) }
        let first = kv.open(model, rank: 0, prompt: prompt)
        _ = kv.extend(first, to: 8, for: .admission)
        kv.publish(prompt, computed: prompt.count, of: first)
        kv.release(first)
        let reopened4 = kv.open(model, rank: 1, prompt: prompt)
        #expect(kv[reopened4].tokenCount == 4)
    }

    /// A state is what it is behind the last token: it does not stand at the end of a shorter prefix.
    @Test mutating func modelsWithStatesShareNothing() throws {
        let recurrent = try kv.add(
            KVShape(layers: 2, kvHeads: 1, headSize: 64, pageBytes: 1024, statePages: 1), weight: 1)
        let prompt = (0..<9).map { Int32($0) }
        let first = kv.open(recurrent, rank: 0, prompt: prompt)
        _ = kv.extend(first, to: 9, for: .admission)
        kv.publish(prompt, computed: prompt.count, of: first)
        let second = kv.open(recurrent, rank: 1, prompt: prompt)
        #expect(kv[second].tokenCount == 0 && kv[second].pages.isEmpty)
        kv.release(first)
        #expect(kv.usage == PoolUsage(free: 40, held: 0, cached: 0))
        #expect(kv.audit() == [])
    }

    /// What windowed layers no longer keep, a sequence with the same prefix would need.
    @Test mutating func modelsWithWindowsShareNothing() throws {
        let windowed = try kv.add(
            KVShape(layers: 2, kvHeads: 1, headSize: 64, pageBytes: 1024, window: KVWindow(layers: 1, tokens: 4)),
            weight: 1)
        let prompt = (0..<9).map { Int32($0) }
        let first = kv.open(windowed, rank: 0, prompt: prompt)
        _ = kv.extend(first, to: 9, for: .admission)
        kv.publish(prompt, computed: prompt.count, of: first)
        let second = kv.open(windowed, rank: 1, prompt: prompt)
        #expect(kv[second].tokenCount == 0 && kv[second].pages.isEmpty)
        kv.release(first)
        #expect(kv.usage == PoolUsage(free: 40, held: 0, cached: 0))
        #expect(kv.audit() == [])
    }

    @Test mutating func modelsDoNotShare() throws {
        let other = try kv.add(shape, weight: 1)
        let prompt = (0..<9).map { Int32($0) }
        let first = kv.open(model, rank: 0, prompt: prompt)
        _ = kv.extend(first, to: 9, for: .admission)
        kv.publish(prompt, computed: prompt.count, of: first)
        let reopened0 = kv.open(other, rank: 1, prompt: prompt)
        #expect(kv[reopened0].tokenCount == 0)
    }

    @Test mutating func unusedBlocksStayUntilPagesAreNeeded() {
        let old = (0..<9).map { Int32($0) }
        let recent = (100..<109).map { Int32($0) }
        for (age, prompt) in [old, recent].enumerated() {
            let sequence = kv.open(model, rank: SequenceRank(age: UInt64(age)), prompt: prompt)
            _ = kv.extend(sequence, to: 9, for: .admission)
            kv.publish(prompt, computed: prompt.count, of: sequence)
            kv.release(sequence)
        }
        #expect(kv.usage == PoolUsage(free: 32, held: 0, cached: 8))
        let large = kv.open(model, rank: 2)
        #expect(kv.extend(large, to: 68, for: .admission) == .granted(firstNewPage: 0))
        #expect(kv.usage.cached == 6)
        let reopened8 = kv.open(model, rank: 3, prompt: recent)
        #expect(kv[reopened8].tokenCount == 8)
        let reopened4 = kv.open(model, rank: 4, prompt: old)
        #expect(kv[reopened4].tokenCount == 4)
        #expect(kv.audit() == [])
    }

    @Test mutating func duplicatesKeepTheirOwnPages() {
        let prompt = (0..<9).map { Int32($0) }
        let sequences = (0..<2).map { kv.open(model, rank: SequenceRank(age: UInt64($0)), prompt: prompt) }
        for sequence in sequences { _ = kv.extend(sequence, to: 9, for: .admission) }
        for sequence in sequences { kv.publish(prompt, computed: prompt.count, of: sequence) }
        #expect(Set(sequences.flatMap { kv[$0].pages }).count == 12)
        #expect(kv.audit() == [])
        kv.release(sequences[0])
        #expect(kv.audit() == [])
        kv.release(sequences[1])
        #expect(kv.usage == PoolUsage(free: 36, held: 0, cached: 4))
        while kv.dropOldestPrefix() {}
        #expect(kv.usage.free == 40)
        #expect(kv.audit() == [])
    }
}
