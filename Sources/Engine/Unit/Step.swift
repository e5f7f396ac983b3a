import Compute
import Grammar
import Quantities
import Scheduling
import Tokenization
import Transformer

/// A pass with all that a lane needs to run it: the batch and how the next tokens are drawn.
struct Step: Sendable {
    /// A sequence whose next token is drawn.
    struct Draw: Sendable {
        var request: RequestID
        var isLast: Bool
        var sampler: Sampler
        var banned: Set<TokenID>
        /// Drawn instead of what the logits say.
        var forced: TokenID?
        var topLogprobs: Int?
        var grammar: GrammarState?

        /// What of the logits suffices; `nil` for all.
        var query: CandidateQuery? {
            banned.isEmpty && forced == nil && topLogprobs == nil && grammar == nil ? sampler.query : nil
        }
    }

    /// A drawn token, and the sampler after it.
    struct Drawn: Sendable {
        var request: RequestID
        var isLast: Bool
        var token: TokenID
        var logprob: TokenLogprob?
        var sampler: Sampler
    }

    /// A sequence that is read, and those of the batch's wanted rows that are its.
    struct Read: Sendable {
        var request: RequestID
        var rows: PooledRows
        var wanted: Range<Int>
        var isWhole: Bool
        /// What the text became, when it was read to its end.
        var vector: [Float]?
    }

    /// What a pass brought.
    struct Outcome: Sendable {
        var drawn: [Drawn]
        var read: [Read]
    }

    let pass: Pass
    private let model: Model
    private let vocabulary: VocabularyTrie
    private var batch = Batch()
    /// The spans of a model that generates, or of one that reads.
    private var draws: [Draw] = []
    private var reads: [Read] = []

    init(_ pass: Pass, model: Model, vocabulary: VocabularyTrie) {
        self.pass = pass
        self.model = model
        self.vocabulary = vocabulary
    }

    mutating func add(_ row: RowSpan, _ tokens: ArraySlice<TokenID>, of work: Work) {
        switch work {
        case .generation(let generation): add(row, tokens, of: generation)
        case .reading(let reading): add(row, tokens, of: reading)
        }
    }

    private mutating func add(_ row: RowSpan, _ tokens: ArraySlice<TokenID>, of reading: Reading) {
        var rows = reading.rows
        let first = batch.logitRows.count
        let wanted = rows.wanted(beginsText: row.positions.lowerBound == 0, endsText: row.drawsToken)
        batch.append(tokens, slot: row.table.index, position: row.positions.lowerBound, logits: wanted)
        reads.append(
            Read(
                request: row.request, rows: rows, wanted: first..<batch.logitRows.count, isWhole: row.drawsToken))
    }

    private mutating func add(_ row: RowSpan, _ tokens: ArraySlice<TokenID>, of generation: Generation) {
        let draw = Draw(
            request: row.request, isLast: row.draw == .lastToken, sampler: generation.sampler,
            banned: generation.bannedTokens, forced: generation.forcedToken, topLogprobs: generation.topLogprobs,
            grammar: generation.grammar)
        batch.append(
            tokens, slot: row.table.index, position: row.positions.lowerBound, wantsLogits: row.drawsToken,
            query: model.findsCandidates ? draw.query : nil)
        if row.drawsToken { draws.append(draw) }
    }

    /// Runs the batch, draws from its logits and pools its rows, on the lane's thread.
    ///
    /// - Parameter constraints: where it is found out which tokens grammars allow, while the device works.
    func run(on lane: UnitLane, constraints: LaneThread) async throws -> Outcome {
        let stream = lane.lane
        guard draws.contains(where: { $0.grammar != nil }) else {
            return try await lane.thread.run {
                try model.forward(batch, on: stream)
                return try outcome([], on: stream)
            }
        }
        async let found = constraints.run { self.masks }
        _ = try await lane.thread.run { try model.forward(batch, on: stream) }
        let masks = try await found
        return try await lane.thread.run { try outcome(masks, on: stream) }
    }

    /// The tokens that each sequence's grammar allows next.
    private var masks: [TokenMask?] {
        let trie = vocabulary.trie
        return draws.map { draw in
            var grammar = draw.grammar
            return grammar?.allowedTokens(in: trie)
        }
    }

    private func outcome(_ masks: [TokenMask?], on lane: MeshLane) throws(ComputeError) -> Outcome {
        var drawn: [Drawn] = []
        for index in draws.indices {
            drawn.append(try draw(index, allowed: masks.isEmpty ? nil : masks[index], on: lane))
        }
        return Outcome(drawn: drawn, read: reads.map(pooled))
    }

    private func pooled(_ read: Read) -> Read {
        var read = read
        for index in read.wanted { model.withOutput(index) { read.rows.add($0) } }
        if read.isWhole { read.vector = model.result(of: read.rows) }
        return read
    }

    private func draw(_ index: Int, allowed: TokenMask?, on lane: MeshLane) throws(ComputeError) -> Drawn {
        let draw = draws[index]
        var sampler = draw.sampler
        func drawn(_ token: TokenID, _ logprob: TokenLogprob? = nil) -> Drawn {
            Drawn(request: draw.request, isLast: draw.isLast, token: token, logprob: logprob, sampler: sampler)
        }
        if let query = batch.queries[index] {
            return drawn(try model.draw(index, asking: query, with: &sampler, on: lane))
        }
        return model.withLogits(index) { logits in
            let token = draw.forced ?? sampler.draw(logits, banned: draw.banned, allowed: allowed?.words)
            let logprob = draw.topLogprobs.map { count in
                let (own, top) = Logprobs.of(token, top: count, in: logits)
                return TokenLogprob(logprob: own, top: top.map { ($0.id, $0.logprob) })
            }
            return drawn(token, logprob)
        }
    }
}
