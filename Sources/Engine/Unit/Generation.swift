import KVCache
import Tokenization
import Transformer

/// One request while it is generated: its tokens, how the next is drawn, and who waits for it.
struct Generation: Sendable {
    let model: ModelID
    let promptCount: Int
    /// The most tokens to generate.
    let limit: Int
    /// Prompt and output.
    private(set) var tokens: [TokenID]
    var sampler: Sampler
    let topLogprobs: Int?
    /// Tokens that the prefix index had; `nil` until the first job.
    var cachedTokens: Int?

    private let endTokens: Set<TokenID>
    private let minTokens: Int
    private var detokenizer: StreamingDetokenizer
    private var stops: StopStringMatcher
    private var reason = FinishReason.length
    private let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation

    init(
        _ request: GenerationRequest, model: UnitModel, limit: Int, seed: UInt64,
        continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) {
        self.model = model.id
        promptCount = request.prompt.count
        self.limit = limit
        tokens = request.prompt
        sampler = Sampler(request.sampling, prompt: request.prompt, seed: seed)
        topLogprobs = request.topLogprobs
        endTokens = request.ignoresEndOfText ? [] : model.served.tokenizer.endOfTextTokens
        minTokens = request.minTokens
        detokenizer = StreamingDetokenizer(model.served.tokenizer)
        stops = StopStringMatcher(request.stop)
        self.continuation = continuation
    }

    private var generated: Int { tokens.count - promptCount }

    /// Tokens that may not be drawn next: ends of text that come too early.
    var bannedTokens: Set<TokenID> { generated < minTokens ? endTokens : [] }

    /// Takes a drawn token and tells the client.
    /// - Returns: whether the sequence ends with it.
    mutating func append(_ token: TokenID, logprob: TokenLogprob?) -> Bool {
        tokens.append(token)
        if endTokens.contains(token) {
            reason = .stop
            let rest = stops.append(detokenizer.finish()).text + stops.finish()
            if !rest.isEmpty { continuation.yield(.token(GeneratedToken(id: token, text: rest, logprob: logprob))) }
            return true
        }
        var (text, stopped) = stops.append(detokenizer.append(token))
        if stopped {
            reason = .stop
        } else if generated >= limit {
            let last = stops.append(detokenizer.finish())
            text += last.text
            if last.stopped { reason = .stop } else { text += stops.finish() }
        }
        continuation.yield(.token(GeneratedToken(id: token, text: text, logprob: logprob)))
        return stopped
    }

    /// - Returns: how it ended, for counters.
    func finish() -> String {
        let usage = TokenUsage(promptTokens: promptCount, completionTokens: generated, cachedTokens: cachedTokens ?? 0)
        continuation.yield(.finished(reason, usage))
        continuation.finish()
        return reason.rawValue
    }

    func fail(_ error: EngineError) { continuation.finish(throwing: error) }

    /// - Returns: how it ended, for counters.
    func cancel() -> String {
        continuation.finish()
        return "cancelled"
    }
}
