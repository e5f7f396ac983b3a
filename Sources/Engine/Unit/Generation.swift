import Grammar
import Quantities
import Scheduling
import Tokenization
import Transformer

/// One request while it is generated: how the next token is drawn, the text so far, and the client that waits for it.
/// The tokens are the scheduler's.
struct Generation: Sendable {
    var model: ModelID
    let departure: Departure
    var sampler: Sampler
    let topLogprobs: Int?

    /// When it came, was first in a pass, and had its first and its last token.
    private let arrival: Seconds
    /// Requests of the model that were without a first token then.
    let place: Int
    private var begun: Seconds?
    private var first: Seconds?
    private var last: Seconds?
    private let promptCount: Int
    private let endTokens: Set<TokenID>
    private let minTokens: Int
    private var generated = 0
    private var setbacks = Setbacks()
    /// Tokens that the prefix index had; `nil` until the first pass.
    private var cachedTokens: Int?
    private var detokenizer: StreamingDetokenizer
    private var stops: StopStringMatcher
    private var reasoning: ReasoningWatch?
    /// What the text so far leaves to come, where it must keep to a grammar.
    private(set) var grammar: GrammarState?
    private let tokenizer: any Tokenizer
    private let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation

    init(
        _ request: GenerationRequest, model: UnitModel, seed: UInt64, at now: Seconds, place: Int, departure: Departure,
        continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) {
        self.model = model.id
        self.departure = departure
        arrival = now
        self.place = place
        sampler = Sampler(request.sampling, prompt: request.prompt, seed: seed)
        topLogprobs = request.topLogprobs
        promptCount = request.prompt.count
        tokenizer = model.served.tokenizer
        endTokens = request.ignoresEndOfText && request.grammar == nil ? [] : tokenizer.endOfTextTokens
        minTokens = request.minTokens
        detokenizer = StreamingDetokenizer(tokenizer, after: request.prompt.last, showing: request.shownTokens)
        let dropsSpace = tokenizer.addsSpace(after: request.prompt.last)
        grammar = request.grammar.map { GrammarState($0, afterSpace: dropsSpace) }
        stops = StopStringMatcher(request.stop)
        reasoning = request.reasoningLimit.map { ReasoningWatch($0) }
        self.continuation = continuation
    }

    /// Tokens that may not be drawn next: ends of text that come too early.
    var bannedTokens: Set<TokenID> { generated < minTokens ? endTokens : [] }

    /// The token that must be drawn next, whatever the model thinks.
    var forcedToken: TokenID? { reasoning?.forced }

    /// The sequence is in a pass from `position` on; what precedes its first one came from the prefix index.
    ///
    /// - Returns: the tokens that the index had, the first time.
    mutating func begin(at position: Int) -> Int {
        guard cachedTokens == nil else { return 0 }
        cachedTokens = position
        return position
    }

    /// The device failed at a pass with it.
    ///
    /// - Returns: whether it may go on elsewhere.
    mutating func mayResume() -> Bool { setbacks.add(at: generated) }

    /// Whether it was in a pass.
    var isBegun: Bool { begun != nil }

    /// Counts how long it waited for its first pass.
    mutating func count(begunAt now: Seconds, in times: inout RequestTimes) {
        begun = now
        times.queue.add(now - arrival)
    }

    /// How long it has waited, while it has no token.
    func wait(at now: Seconds) -> Seconds? { first == nil ? now - arrival : nil }

    /// Counts how long a token took that was drawn now.
    mutating func count(tokenAt now: Seconds, in times: inout RequestTimes) {
        if let last {
            times.interToken.add(now - last)
        } else {
            first = now
            times.firstToken.add(now - arrival)
            times.prefill.add(now - (begun ?? arrival))
        }
        last = now
    }

    /// Counts how long it took, where it had an answer.
    func count(endAt now: Seconds, in times: inout RequestTimes) {
        guard let first, let last else { return }
        times.whole.add(now - arrival)
        times.decode.add(last - first)
    }

    /// Takes a drawn token and sends the client what is certain of its text.
    ///
    /// - Parameter isLast: whether the sequence may have no further token.
    /// - Returns: whether the text ends with it.
    mutating func append(_ token: TokenID, logprob: TokenLogprob?, isLast: Bool) -> Bool {
        generated += 1
        // A token that the grammar refuses was drawn because there was no other.
        let bytes = tokenizer.bytes(of: token, rendersSpecial: false)
        let isRefused = grammar?.accept(bytes) == false
        if endTokens.contains(token) || isRefused {
            let rest = stops.append(detokenizer.finish()).text + stops.finish()
            if !rest.isEmpty { continuation.yield(.token(GeneratedToken(id: token, text: rest, logprob: logprob))) }
            return true
        }
        let isFinished = grammar?.isFinished ?? false
        let piece = detokenizer.append(token)
        reasoning?.append(piece)
        var (text, stopped) = stops.append(piece)
        if !stopped, isLast || isFinished {
            let last = stops.append(detokenizer.finish())
            text += last.text
            stopped = last.stopped
            if !stopped { text += stops.finish() }
        }
        continuation.yield(.token(GeneratedToken(id: token, text: text, logprob: logprob)))
        return stopped || isFinished
    }

    /// Tells the client how the sequence ended, as the scheduler decided.
    func end(_ end: SequenceEnd, model name: String) {
        switch end {
        case .stop: finish(.stop)
        case .length: finish(.length)
        case .cancelled: continuation.finish()
        case .failed(let failure): fail(EngineError(failure, model: name))
        }
    }

    private func finish(_ reason: FinishReason) {
        var usage = TokenUsage(
            promptTokens: promptCount, completionTokens: generated, cachedTokens: cachedTokens ?? 0)
        usage.times = PhaseTimes(from: arrival, begun, first, last)
        continuation.yield(.finished(reason, usage))
        continuation.finish()
    }

    /// The unit broke down.
    func fail(_ error: EngineError) { continuation.finish(throwing: error) }
}

extension PhaseTimes {
    /// Of the times at which a sequence came, was first in a pass, and had its first and its last token.
    init(from arrival: Seconds, _ begun: Seconds?, _ first: Seconds?, _ last: Seconds?) {
        self.init(
            queue: begun.map { $0 - arrival }, prefill: first.map { $0 - (begun ?? arrival) },
            decode: last.map { $0 - (first ?? arrival) })
    }
}
