import Chat
import Engine
import Quantities
import Synchronization
import Tokenization

/// An engine that says what it was told to say, and remembers what it was asked.
final class ScriptedGenerator: TextGenerator {
    private struct State {
        var requests: [GenerationRequest] = []
        var texts: [EmbeddingRequest] = []
        var mostRunning = 0
        var running = 0
        var cancelled = 0
        var isReady = true
        var isReleased = false
    }

    let models: [ServedModel]
    private let script: Script
    /// Scripts for what is said last, by a word in it.
    private let answers: [String: Script]
    private let state = Mutex(State())

    init(_ script: Script = Script(), models: [ServedModel] = [.chat], answers: [String: Script] = [:]) {
        self.models = models
        self.script = script
        self.answers = answers
    }

    var isReady: Bool { state.withLock { $0.isReady } }
    var requests: [GenerationRequest] { state.withLock { $0.requests } }
    var texts: [EmbeddingRequest] { state.withLock { $0.texts } }
    /// Tokens that each answer has.
    var scriptedTokens: Int { script.texts.count }
    /// The most texts that were read at a time.
    var mostRunning: Int { state.withLock { $0.mostRunning } }
    /// Sequences that have neither ended nor been cancelled.
    var running: Int { state.withLock { $0.running } }
    var cancelled: Int { state.withLock { $0.cancelled } }

    func setReady(_ isReady: Bool) { state.withLock { $0.isReady = isReady } }
    /// Lets sequences go on that are held.
    func release() { state.withLock { $0.isReleased = true } }

    func generate(_ request: GenerationRequest) throws(EngineError) -> AsyncThrowingStream<
        GenerationEvent, any Error
    > {
        let script = script(for: request)
        let refusal = script.refusal ?? overflow(request)
        state.withLock { state in
            state.requests.append(request)
            if refusal == nil { state.running += 1 }
        }
        if let refusal { throw refusal }
        let (stream, events) = AsyncThrowingStream.makeStream(of: GenerationEvent.self)
        let work = Task { await self.play(script, request, to: events) }
        events.onTermination = { termination in
            work.cancel()
            self.state.withLock { state in
                state.running -= 1
                if case .cancelled = termination { state.cancelled += 1 }
            }
        }
        return stream
    }

    /// A text's vector, or how many a's it has.
    func embed(_ request: EmbeddingRequest) async throws(EngineError) -> Embedding {
        state.withLock { state in
            state.texts.append(request)
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        if let refusal = script.refusal { throw refusal }
        while script.isHeld && !state.withLock({ $0.isReleased }) {
            do { try await Task.sleep(for: .milliseconds(2)) } catch {
                state.withLock { $0.cancelled += 1 }
                throw .cancelled
            }
        }
        let (tokens, count) = (request.prompt, request.prompt.count)
        let isRanker = models.first { $0.name == request.model }?.purpose == .ranking
        let vector = isRanker ? [Float(tokens.count { $0 == 97 })] : Self.vector(of: tokens)
        return Embedding(vector: vector, promptTokens: count)
    }

    /// 4, 0, 3 and 0 fifths, but for the first token's number in the second place.
    static func vector(of tokens: [TokenID]) -> [Float] {
        let numbers: [Float] = [4, Float((tokens.dropFirst().first ?? 0) % 7), 3, 0]
        let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return numbers.map { $0 / length }
    }

    private func overflow(_ request: GenerationRequest) -> EngineError? {
        let (count, limit) = (request.prompt.count, models[0].contextLength)
        guard script.mimicsModel, count >= limit else { return nil }
        return .contextLengthExceeded(model: request.model, promptTokens: count, limit: limit)
    }

    private func script(for request: GenerationRequest) -> Script {
        guard !answers.isEmpty else { return script }
        let prompt = String(decoding: request.prompt.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
        let lines = prompt.split(separator: "\n")
        let last = lines.last { $0.hasPrefix("user: ") || $0.hasPrefix("tool: ") } ?? ""
        return answers.first { last.contains($0.key) }?.value ?? script
    }

    private func play(
        _ script: Script, _ request: GenerationRequest,
        to events: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) async {
        while script.isHeld && !state.withLock({ $0.isReleased }) {
            do { try await Task.sleep(for: .milliseconds(2)) } catch { return }
        }
        var count = 0
        repeat {
            for text in script.texts.prefix(script.mimicsModel ? request.maxTokens ?? .max : .max) {
                if script.mimicsModel, request.stop.contains(where: text.contains) { break }
                if script.pause > .zero { try? await Task.sleep(for: script.pause) }
                if Task.isCancelled { return }
                events.yield(.token(Self.token(text, request)))
                count += 1
            }
        } while script.isEndless
        if let failure = script.failure { return events.finish(throwing: failure) }
        var usage = TokenUsage(promptTokens: request.prompt.count, completionTokens: count, cachedTokens: 2)
        usage.times = PhaseTimes(queue: 0.1, prefill: 0.2, decode: 0.3)
        events.yield(.finished(script.reason, usage))
        events.finish()
    }

    private static func token(_ text: String, _ request: GenerationRequest) -> GeneratedToken {
        let id = TokenID(text.utf8.first ?? 0)
        guard let count = request.topLogprobs else { return GeneratedToken(id: id, text: text) }
        let top = (0..<count).map { (id: id + TokenID($0), logprob: -Float($0) - 0.5) }
        return GeneratedToken(id: id, text: text, logprob: TokenLogprob(logprob: -.infinity, top: top))
    }
}

extension ServedModel {
    /// A model with a chat template.
    static let chat = ServedModel(
        name: "tiny", created: 1_700_000_000, contextLength: 512, tokenizer: ByteTokenizer(),
        chatTemplate: try? ChatTemplate(
            source: "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", beginningOfText: "",
            endOfText: ""))
    /// A model that is told of tools, reasons, and calls as Hermes does.
    static let tools = ServedModel(
        name: "tools", created: 0, contextLength: 4096, tokenizer: ByteTokenizer(),
        chatTemplate: try? ChatTemplate(
            source: """
                {% if tools %}tools: {{ tools | tojson }} style={{ style }} effort={{ reasoning_effort }}
                {% endif %}
                {% for m in messages %}
                {{- m.role }}: {% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}
                {{- m.content }}
                {%- for c in m.tool_calls %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{
                c.function.arguments | tojson }}}</tool_call>{% endfor %}{{ "\n" }}
                {%- endfor %}
                {% if add_generation_prompt %}assistant: {% endif %}
                """, beginningOfText: "", endOfText: ""))
    /// A base model whose name has a slash.
    static let base = ServedModel(
        name: "lab/base model", created: 1_600_000_000, contextLength: 128, tokenizer: ByteTokenizer(),
        chatTemplate: nil)
    /// A model that makes vectors of four numbers.
    static let embedder = ServedModel(
        name: "vectors", created: 0, contextLength: 64, tokenizer: ByteTokenizer(), chatTemplate: nil,
        purpose: .embedding(dimensions: 4))
    static let ranker = ServedModel(
        name: "ranks", created: 0, contextLength: 64, tokenizer: ByteTokenizer(), chatTemplate: nil, purpose: .ranking)
}
