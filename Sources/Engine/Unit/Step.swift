import Compute
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
        var topLogprobs: Int?
    }

    /// A drawn token, and the sampler after it.
    struct Drawn: Sendable {
        var request: RequestID
        var isLast: Bool
        var token: TokenID
        var logprob: TokenLogprob?
        var sampler: Sampler
    }

    let pass: Pass
    private let model: Model
    private var batch = Batch()
    private var draws: [Draw] = []

    init(_ pass: Pass, model: Model) {
        self.pass = pass
        self.model = model
    }

    mutating func add(_ row: RowSpan, _ tokens: ArraySlice<TokenID>, of generation: Generation) {
        batch.append(
            tokens, slot: row.table.index, position: row.positions.lowerBound, wantsLogits: row.drawsToken)
        guard row.drawsToken else { return }
        draws.append(
            Draw(
                request: row.request, isLast: row.draw == .lastToken, sampler: generation.sampler,
                banned: generation.bannedTokens, topLogprobs: generation.topLogprobs))
    }

    /// Runs the batch and draws from its logits; blocks, so it belongs on the lane's thread.
    func run(on lane: any Lane) throws(ComputeError) -> [Drawn] {
        try model.forward(batch, on: lane)
        return draws.enumerated().map { index, draw in
            var sampler = draw.sampler
            return model.withLogits(index) { logits in
                let token = sampler.draw(logits, banned: draw.banned)
                let logprob = draw.topLogprobs.map { count in
                    let (own, top) = Logprobs.of(token, top: count, in: logits)
                    return TokenLogprob(logprob: own, top: top.map { ($0.id, $0.logprob) })
                }
                return Drawn(
                    request: draw.request, isLast: draw.isLast, token: token, logprob: logprob, sampler: sampler)
            }
        }
    }
}
