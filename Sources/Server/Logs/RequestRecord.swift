import Engine
import Logging
import Synchronization
import Tokenization

/// What becomes of one request, gathered where it is worked on: for its line in the log, and for its trace.
final class RequestRecord: Sendable {
    /// Of the request that is worked on.
    @TaskLocal static var current: RequestRecord?

    /// A sequence of the request, or a text that is read for it.
    struct Sequence: Sendable {
        /// When an engine took it.
        var admitted: ContinuousClock.Instant
        /// None of a further choice of the same prompt.
        var promptTokens: Int
        var outputTokens = 0
        var cachedTokens = 0
        /// What the engine tells when it has come to its end.
        var times = PhaseTimes()
        var end: String?
    }

    struct Facts: Sendable {
        /// The name of the key that it came with.
        var caller: String?
        /// As its client names it.
        var model: String?
        /// The model itself, where that is another name.
        var target: String?
        var sequences: [Sequence] = []
        var prompts: [String] = []
        var status = 0
        /// The code of the error by which it failed or broke off.
        var failure: String?
    }

    let began = ContinuousClock.now
    /// Whether the log is to have its prompts.
    let keepsPrompts: Bool
    private let state = Mutex(Facts())

    /// The longest part of a prompt that is logged, in characters, and the most prompts of a request. Chosen: enough to
    /// know them by, and no more than a log takes.
    private static let prompts = (length: 8192, count: 8)

    init(keepsPrompts: Bool) { self.keepsPrompts = keepsPrompts }

    var facts: Facts { state.withLock { $0 } }

    func note(_ body: (inout Facts) -> Void) { state.withLock { body(&$0) } }

    /// The first reason counts; those that follow come of it.
    func fail(_ error: APIError) { note { $0.failure = $0.failure ?? error.code ?? error.type } }

    /// An engine took a sequence.
    ///
    /// - Parameter isFirst: whether it is the first choice of its prompt, whose tokens count once, as in `usage`.
    func admit(_ request: GenerationRequest, isFirst: Bool) {
        note { facts in
            facts.model = request.model
            facts.sequences.append(Sequence(admitted: .now, promptTokens: isFirst ? request.prompt.count : 0))
        }
    }

    /// An engine tells of the sequence that it took as the `index`th.
    func note(_ event: GenerationEvent, of index: Int) {
        note { facts in
            guard facts.sequences.indices.contains(index) else { return }
            switch event {
            case .token: facts.sequences[index].outputTokens += 1
            case .finished(let reason, let usage):
                facts.sequences[index].outputTokens = usage.completionTokens
                if facts.sequences[index].promptTokens > 0 {
                    facts.sequences[index].cachedTokens = usage.cachedTokens
                }
                facts.sequences[index].times = usage.times
                facts.sequences[index].end = reason.rawValue
            }
        }
    }

    /// A text was read, since an instant.
    func note(_ embedding: Embedding, of request: EmbeddingRequest, since admitted: ContinuousClock.Instant) {
        note { facts in
            facts.model = request.model
            facts.sequences.append(
                Sequence(
                    admitted: admitted, promptTokens: embedding.promptTokens, cachedTokens: embedding.cachedTokens,
                    times: embedding.times, end: FinishReason.stop.rawValue))
        }
    }

    /// Keeps a prompt for the log, where that is wanted.
    func keep(_ prompt: [Int32], of model: String, in generator: any TextGenerator) async {
        guard keepsPrompts, facts.prompts.count < Self.prompts.count,
            let tokenizer = await generator.models.first(where: { $0.name == model })?.tokenizer
        else { return }
        // A token is at least a byte of what it stands for, or nothing that is shown.
        let bytes = prompt.prefix(Self.prompts.length).flatMap { tokenizer.bytes(of: $0, rendersSpecial: true) }
        let text = String(String(decoding: bytes, as: UTF8.self).prefix(Self.prompts.length))
        note { $0.prompts.append(text) }
    }
}

extension RequestRecord.Facts {
    /// What the line in the log says, of a request that took so many seconds. Of several sequences tokens are summed,
    /// and of times the longest counts.
    func metadata(seconds: Double) -> Logger.Metadata {
        var all: Logger.Metadata = ["status": .stringConvertible(status), "seconds": Self.seconds(seconds)]
        if let caller { all["caller"] = "\(caller)" }
        if let model { all["model"] = "\(model.abridged)" }
        if let end { all["end"] = "\(end)" }
        if !prompts.isEmpty { all["prompts"] = .array(prompts.map { "\($0)" }) }
        guard !sequences.isEmpty else { return all }
        all["prompt_tokens"] = .stringConvertible(sequences.reduce(0) { $0 + $1.promptTokens })
        all["cached_tokens"] = .stringConvertible(sequences.reduce(0) { $0 + $1.cachedTokens })
        all["output_tokens"] = .stringConvertible(sequences.reduce(0) { $0 + $1.outputTokens })
        all["queue"] = sequences.compactMap(\.times.queue).max().map(Self.seconds)
        all["prefill"] = sequences.compactMap(\.times.prefill).max().map(Self.seconds)
        all["decode"] = sequences.compactMap(\.times.decode).max().map(Self.seconds)
        return all
    }

    /// Why it ended: the code of an error, or the reasons of its sequences.
    var end: String? {
        if let failure { return failure }
        let ends = Set(sequences.compactMap(\.end))
        return ends.isEmpty ? nil : ends.sorted().joined(separator: "+")
    }

    /// To the microsecond.
    private static func seconds(_ seconds: Double) -> Logger.MetadataValue {
        .stringConvertible((seconds * 1e6).rounded() / 1e6)
    }
}
