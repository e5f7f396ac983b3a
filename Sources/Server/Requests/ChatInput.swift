import Chat
import Engine
import Foundation
import Grammar
import Jinja
import Quantities
import Tokenization

/// A conversation that is to be gone on with, whatever API it came by.
struct ChatInput: Sendable {
    var messages: [ChatMessage]
    /// Those that the model may call.
    var tools: [ChatTool] = []
    var choice = ToolChoice.auto
    var allowsSeveralCalls = true
    /// Values for the chat template by name.
    var templateOptions: [String: Value] = [:]
    /// The most tokens of reasoning; `nil` for any number.
    var reasoningBudget: Int?

    /// The prompt in a model's own words.
    ///
    /// - Throws: `APIError` for a model without a chat template; `ChatTemplateError`.
    func prompt(for model: ServedModel) throws -> PreparedChat {
        guard let template = model.chatTemplate else {
            throw APIError.invalid(
                "model", "`\(model.name)` has no chat template; use /v1/completions.", code: "no_chat_template")
        }
        let prompt = ChatPrompt(messages, tools: tools, options: templateOptions, now: DateTime(.now))
        let text = try template.render(prompt)
        return PreparedChat(
            text: text,
            // The template holds the tokens that begin a text, where the model wants any.
            tokens: model.tokenizer.encode(text, parsesSpecial: true, addsSpecial: false),
            reading: ChatReading(
                format: template.format, tools: tools, prompt: text, allowsSeveralCalls: allowsSeveralCalls),
            calls: try forcedCalls(template.format, prompt: text, of: model), reasoningBudget: reasoningBudget)
    }

    /// What the answer must be where it must call a tool.
    private func forcedCalls(_ format: OutputFormat, prompt: String, of model: ServedModel) throws -> ForcedText? {
        let wanted: [ChatTool]
        switch choice {
        case .none, .auto: return nil
        case .required: wanted = tools
        case .named(let name): wanted = tools.filter { $0.name == name }
        }
        // One tool that is named is called once.
        let isSeveral = allowsSeveralCalls && choice == .required
        guard let calls = format.forcedCalls(of: wanted, allowsSeveral: isSeveral, prompt: prompt) else {
            throw APIError.invalid(
                "tool_choice", "`\(model.name)` writes calls in a way that cannot be forced; use `auto`.",
                code: "model_unsuitable")
        }
        return calls
    }
}

/// A prompt, and how its answer is to be read.
struct PreparedChat: Sendable {
    var text: String
    var tokens: [TokenID]
    var reading: ChatReading
    /// Calls of tools that the answer must be.
    var calls: ForcedText?
    var reasoningBudget: Int?

    /// What the engine is asked for, with what the reader has to see.
    ///
    /// - Throws: `APIError` where the parameters of tools that must be called are no schema.
    func requests(
        _ options: GenerationOptions, model: ServedModel, topLogprobs: Int? = nil
    ) throws -> [GenerationRequest] {
        var options = options
        options.grammar = try grammar(options)
        let shown = reading.isPlain ? [] : model.specialTokens(in: reading.format.markers)
        let limit = reasoningLimit(model)
        return options.requests(model: model.name, prompt: tokens, topLogprobs: topLogprobs).map {
            var request = $0
            request.shownTokens = shown
            request.reasoningLimit = limit
            return request
        }
    }

    /// What the answer must be, behind reasoning that the prompt has opened.
    private func grammar(_ options: GenerationOptions) throws -> Grammar? {
        if let calls {
            do throws(GrammarError) { return try options.grammars.grammar(.calls(calls)) } catch {
                throw APIError.invalid(
                    "tools", "A tool that must be called has parameters that cannot be forced: \(error).")
            }
        }
        guard let source = options.grammarSource, let end = reading.format.reasoning?.end,
            reading.format.opensReasoning(text)
        else { return options.grammar }
        return try options.grammars.grammar(.behind(end, source))
    }

    private func reasoningLimit(_ model: ServedModel) -> ReasoningLimit? {
        guard let reasoningBudget, let span = reading.format.anyReasoning,
            let text = reading.format.reasoningClosing
        else { return nil }
        let closing = model.tokenizer.encode(text, parsesSpecial: true, addsSpecial: false)
        return ReasoningLimit(
            tokens: reasoningBudget, begin: reading.format.opensReasoning(self.text) ? nil : span.begin, end: span.end,
            closing: closing)
    }
}

extension PreparedChat {
    /// A prompt that is no chat.
    init(tokens: [TokenID]) { self.init(text: "", tokens: tokens, reading: .plain) }
}

/// How the answers to a prompt are read.
struct ChatReading: Sendable {
    var format: OutputFormat
    var tools: [ChatTool]
    var prompt: String
    var allowsSeveralCalls: Bool

    /// Of a prompt that is no chat: all that follows is text.
    static let plain = ChatReading(format: OutputFormat(), tools: [], prompt: "", allowsSeveralCalls: true)

    /// All that the model says is text.
    var isPlain: Bool {
        if case .channels = format.calls { return false }
        return tools.isEmpty && format.reasoning == nil && format.silent.isEmpty
    }
}

/// Reads one answer, with what clients are told of it besides its text.
struct AnswerReader: Sendable {
    private var reader: ChatReader?
    private let allowsSeveralCalls: Bool
    private(set) var output = ChatOutput()
    /// Tokens that were reasoning.
    private(set) var reasoningTokens = 0

    init(_ reading: ChatReading) {
        reader = reading.isPlain ? nil : ChatReader(reading.format, tools: reading.tools, prompt: reading.prompt)
        allowsSeveralCalls = reading.allowsSeveralCalls
    }

    /// Takes a token and gives what is certain with it.
    mutating func append(_ token: GeneratedToken) -> [ChatDelta] {
        let deltas = reader == nil ? [.text(token.text)] : reader?.append(token.text) ?? []
        if deltas.contains(where: { if case .reasoning = $0 { true } else { false } }) { reasoningTokens += 1 }
        return keep(deltas)
    }

    mutating func finish() -> [ChatDelta] { keep(reader?.finish() ?? []) }

    /// A client that wants one call at a time gets the first; calls get names that are theirs alone.
    private mutating func keep(_ deltas: [ChatDelta]) -> [ChatDelta] {
        let kept: [ChatDelta] = deltas.compactMap { delta in
            switch delta {
            case .text, .reasoning: return delta
            case .callArguments(let index, _): return allowsSeveralCalls || index == 0 ? delta : nil
            case .callBegins(let index, let id, let name):
                guard allowsSeveralCalls || index == 0 else { return nil }
                return .callBegins(index: index, id: id ?? Identifier.call(), name: name)
            }
        }
        for delta in kept { output.append(delta) }
        return kept
    }
}

extension Identifier {
    /// Names a tool call: nine letters and digits, as Mistral's templates insist, and others take anything.
    static func call() -> String {
        let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<9).map { _ in characters[Int.random(in: characters.indices)] })
    }
}

extension ServedModel {
    /// The special tokens that are named in these texts.
    func specialTokens(in texts: [String]) -> Set<TokenID> {
        Set(
            texts.flatMap { tokenizer.encode($0, parsesSpecial: true, addsSpecial: false) }.filter {
                tokenizer.bytes(of: $0, rendersSpecial: false).isEmpty
            })
    }
}

extension DateTime {
    /// A moment in the time zone of the server.
    fileprivate init(_ date: Date) {
        let parts = Calendar(identifier: .gregorian).dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: date)
        self.init(
            year: parts.year ?? 2026, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
            minute: parts.minute ?? 0, second: parts.second ?? 0)
    }
}
