import KVCache
import Quantities
import Testing

/// Random events against the books; after every one of them all invariants hold.
struct KVManagerPropertyTests {
    @Test(arguments: 0..<12)
    func randomEvents(seed: UInt64) throws {
        var world = RandomWorld(seed: seed, pages: [7, 24, 60, 200][Int(seed) % 4])
        for event in 0..<1500 {
            try world.step()
            let faults = world.kv.audit() + world.contentFaults()
            #expect(faults == [], "after event \(event)")
            if !faults.isEmpty { return }
        }
        world.releaseAll()
        #expect(world.kv.usage.held == 0)
        while world.kv.dropOldestPrefix() {}
        #expect(world.kv.usage.free == world.kv.pool.pageCount)
        #expect(world.kv.audit() == [])
    }

    /// Whoever is first gets on: with a victim released for each refusal, a wish is granted in a bounded number of
    /// steps.
    @Test("Fault 21: the first always gets on", arguments: 0..<8)
    func theFirstAlwaysGetsOn(seed: UInt64) throws {
        var world = RandomWorld(seed: seed, pages: 24)
        for _ in 0..<300 {
            try world.step()
            guard let first = world.first else { continue }
            let getsOn = world.insist(on: first)
            #expect(getsOn)
            #expect(world.kv.audit() == [])
        }
    }
}

/// A few models and sequences, their tokens, and what is written to each page.
private struct RandomWorld {
    struct Sequence {
        var model: ModelID
        var rank: SequenceRank
        var tokens: [Int32]
        var computed: Int
        /// The most tokens of its next pass.
        var chunk: Int
    }

    var kv: KVManager
    var random: SplitMix64
    var models: [ModelID] = []
    var chunks: [ModelID: Int] = [:]
    var sequences: [BlockTableID: Sequence] = [:]
    var order: [BlockTableID] = []
    var age: UInt64 = 0
    var refused: Set<BlockTableID> = []
    /// What a page would contain on a device: the tokens of its block and all before it, and which head it is of.
    var memory: [PageID: [Int32]] = [:]

    init(seed: UInt64, pages: Int) {
        kv = KVManager(pages: pages, pageBytes: 1024, quotaRule: [.lent, .fixed, .none][Int(seed) % 3])
        random = SplitMix64(seed: seed)
    }

    /// The one in front of all.
    var first: BlockTableID? { order.min { sequences[$0]?.rank ?? 0 < sequences[$1]?.rank ?? 0 } }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<4: try addModel()
        case 4..<6: removeModel()
        case 6..<30: open()
        case 30..<75: grow()
        case 75..<85: close()
        case 85..<90: kv.adaptQuotas()
        case 90..<95:
            if let model = models.randomElement(using: &random) { kv.setDemand(.random(using: &random), of: model) }
        case 95..<97:
            if let model = models.randomElement(using: &random) {
                kv.setWeight(.random(in: 0.1...9, using: &random), of: model)
            }
        default: if Int.random(in: 0..<4, using: &random) == 0 { while kv.dropOldestPrefix() {} }
        }
    }

    mutating func addModel() throws {
        guard models.count < 4 else { return }
        // Heads of 32 share the pages of larger ones.
        let sizes = [32, 64, 96].shuffled(using: &random).prefix(.random(in: 1...2, using: &random))
        let heads = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            KVHeads(count: .random(in: 1...2, using: &random), size: sizes.randomElement(using: &random) ?? 64)
        }
        let windowed = min(heads.count, .random(in: -2...3, using: &random))
        let window = windowed > 0 ? KVWindow(layers: windowed, tokens: .random(in: 1...12, using: &random)) : nil
        let shape = try KVShape(
            heads: heads, pageBytes: 1024, window: window,
            statePages: max(
                0, min(.random(in: -2...2, using: &random), kv.pool.pageCount - heads.reduce(0) { $0 + $1.count })))
        let chunk = Bool.random(using: &random) ? Int.random(in: 1...12, using: &random) : .max
        // One of five keeps nothing.
        let keepsNothing = Int.random(in: 0..<5, using: &random) == 0
        let model = try kv.add(
            keepsNothing ? .withoutPages(pageBytes: 1024) : shape, weight: .random(in: 0.1...5, using: &random),
            chunk: chunk)
        models.append(model)
        chunks[model] = chunk
    }

    mutating func removeModel() {
        guard models.count > 1 else { return }
        let model = models.remove(at: .random(in: models.indices, using: &random))
        for sequence in order where sequences[sequence]?.model == model { release(sequence) }
        kv.remove(model)
    }

    mutating func open() {
        guard let model = models.randomElement(using: &random) else { return }
        // Few distinct tokens, so that prefixes often agree.
        let prompt = (0..<Int.random(in: 1...30, using: &random)).map {
            Int32($0 / 9 + Int.random(in: 0..<2, using: &random) / ($0 % 9 + 1))
        }
        age += 1
        // Some matter more than what came before them.
        let rank = SequenceRank(
            priority: max(0, .random(in: -4...2, using: &random)), turn: .random(in: 0...2, using: &random), age: age)
        let sequence = kv.open(model, rank: rank, prompt: prompt)
        order.append(sequence)
        sequences[sequence] = Sequence(
            model: model, rank: rank, tokens: prompt, computed: kv[sequence].tokenCount,
            chunk: chunks[model] ?? .max)
        extend(sequence, to: prompt.count, for: .admission)
    }

    mutating func grow() {
        guard let sequence = order.randomElement(using: &random), let state = sequences[sequence] else { return }
        if state.computed == state.tokens.count {
            sequences[sequence]?.tokens.append(.random(in: 0..<2, using: &random))
        }
        extend(sequence, to: sequences[sequence]?.tokens.count ?? 0, for: .step)
    }

    mutating func close() {
        if let sequence = order.randomElement(using: &random) { release(sequence) }
    }

    mutating func extend(_ sequence: BlockTableID, to tokens: Int, for growth: Growth) {
        switch kv.extend(sequence, to: tokens, for: growth) {
        case .granted: compute(sequence)
        case .needsPreemption(let victim): release(victim)
        case .neverFits: release(sequence)
        case .exceedsQuota, .blocked: break
        }
    }

    /// Computes the tokens not yet computed in passes, and publishes some of them.
    mutating func compute(_ sequence: BlockTableID) {
        while let state = sequences[sequence], state.computed < state.tokens.count {
            let left = state.tokens.count - state.computed
            let count = Int.random(in: 1...min(left, state.chunk), using: &random)
            compute(sequence, state, count)
        }
        guard let state = sequences[sequence] else { return }
        if Int.random(in: 0..<3, using: &random) > 0 {
            kv.publish(state.tokens, computed: .random(in: 0...state.tokens.count, using: &random), of: sequence)
        }
        if Bool.random(using: &random) {
            kv.endPrompt(of: sequence)
            sequences[sequence]?.chunk = 1
        }
    }

    /// Writes so many tokens to their pages, as a forward pass would, whose first row then reads its window.
    mutating func compute(_ sequence: BlockTableID, _ state: Sequence, _ count: Int) {
        let table = kv[sequence], end = state.computed + count
        for token in state.computed..<end {
            let block = token / table.shape.tokensPerPage
            #expect(block >= table.sharedBlocks, "a shared block is written to")
            for (head, page) in table.pages(ofBlock: block).enumerated() {
                memory[page] = [Int32(state.model.index), Int32(head)] + state.tokens[0...token]
            }
        }
        for (index, page) in table.pages.prefix(table.shape.statePages).enumerated() {
            memory[page] = Self.state(index, of: state, end)
        }
        sequences[sequence]?.computed = end
        #expect(faults(of: sequence, readBy: state.computed) == [], "a window was left too early")
    }

    /// What a page of a state holds: no head, and all tokens that were read.
    static func state(_ index: Int, of sequence: Sequence, _ computed: Int) -> [Int32] {
        [Int32(sequence.model.index), -1 - Int32(index)] + sequence.tokens[0..<computed]
    }

    mutating func release(_ sequence: BlockTableID) {
        kv.release(sequence)
        sequences[sequence] = nil
        order.removeAll { $0 == sequence }
    }

    mutating func releaseAll() {
        for sequence in order { release(sequence) }
    }

    /// Grows a sequence by a block, releasing whoever is named; `false` if it does not get on.
    mutating func insist(on sequence: BlockTableID) -> Bool {
        let tokens = max(kv[sequence].capacity + 1, sequences[sequence]?.tokens.count ?? 0)
        for _ in 0...order.count {
            switch kv.extend(sequence, to: tokens, for: .step) {
            case .neverFits: return true
            case .granted:
                let missing = kv[sequence].tokenCount - (sequences[sequence]?.tokens.count ?? 0)
                sequences[sequence]?.tokens += Array(repeating: 0, count: max(0, missing))
                compute(sequence)
                return true
            case .needsPreemption(let victim):
                if victim == sequence { return false }
                release(victim)
            case .exceedsQuota, .blocked: return false
            }
        }
        return false
    }

    /// Every computed token is where its sequence's table says, whoever wrote it.
    func contentFaults() -> [String] {
        var faults: [String] = []
        for (sequence, state) in sequences {
            let table = kv[sequence]
            if state.computed > 0 {
                for (index, page) in table.pages.prefix(table.shape.statePages).enumerated()
                where memory[page] != Self.state(index, of: state, state.computed) {
                    faults.append("page \(page) has another state than its sequence")
                }
            }
            faults += self.faults(of: sequence, readBy: state.computed)
        }
        return faults
    }

    /// The pages that a row at `position` reads, in windowed layers those of its window, where they are not what the
    /// sequence has computed.
    func faults(of sequence: BlockTableID, readBy position: Int) -> [String] {
        guard let state = sequences[sequence] else { return [] }
        let table = kv[sequence], shape = table.shape, size = shape.tokensPerPage
        let first = shape.window.map { max(0, position + 1 - $0.tokens) / size } ?? 0
        var faults: [String] = []
        for block in 0..<shape.blocks(for: state.computed) {
            let last = min(block * size + size, state.computed)
            for (head, page) in table.pages(ofBlock: block).enumerated()
            where block >= first || head < shape.pagesPerBlock - shape.windowedPerBlock {
                let expected = [Int32(state.model.index), Int32(head)] + state.tokens[0..<last]
                if memory[page] != expected { faults.append("page \(page) has other tokens than its sequence") }
            }
        }
        return faults
    }
}
