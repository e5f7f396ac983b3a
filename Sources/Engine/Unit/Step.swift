import Compute
import KVCache
import Scheduling
import Tokenization
import Transformer

/// One forward pass of one model: jobs of both phases, their sequences' rows in one batch.
struct Step: Sendable {
    /// A sequence whose next token is drawn.
    struct Draw: Sendable {
        var request: RequestID
        var sampler: Sampler
        var banned: Set<TokenID>
        var topLogprobs: Int?
    }

    /// A drawn token, and the sampler after it.
    struct Drawn: Sendable {
        var request: RequestID
        var token: TokenID
        var logprob: TokenLogprob?
        var sampler: Sampler
    }

    let model: LlamaModel
    let jobs: [Job]
    private(set) var batch = Batch()
    private(set) var draws: [Draw] = []

    init(_ jobs: [Job], model: LlamaModel) {
        self.jobs = jobs
        self.model = model
    }

    mutating func add(_ part: JobSequence, of generation: Generation) {
        batch.append(
            generation.tokens[part.tokens], slot: Int(part.pages.index), position: part.tokens.lowerBound,
            wantsLogits: part.drawsToken)
        guard part.drawsToken else { return }
        draws.append(
            Draw(
                request: part.request, sampler: generation.sampler, banned: generation.bannedTokens,
                topLogprobs: generation.topLogprobs))
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
                return Drawn(request: draw.request, token: token, logprob: logprob, sampler: sampler)
            }
        }
    }
}
