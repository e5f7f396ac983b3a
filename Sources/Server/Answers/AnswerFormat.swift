import Engine
import Foundation
import Quantities
import Tokenization

/// How an answer looks on the wire, whole or in pieces.
protocol AnswerFormat: Sendable {
    /// What stands around the pieces of a stream.
    var framing: StreamFraming { get }
    /// A writer of one answer in pieces.
    func stream(choices: Int) -> any AnswerStream
    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable
}

extension AnswerFormat {
    var framing: StreamFraming { .events }
}

/// How the pieces of a stream are told apart.
enum StreamFraming: Sendable {
    /// Server-sent events.
    case events
    /// Each piece is a line of JSON.
    case lines
}

/// Writes one answer in pieces. It keeps what it must know of each choice.
protocol AnswerStream: Sendable {
    /// The events for one token; at least one, as clients count them.
    mutating func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent]
    /// The events that end a choice.
    mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent]
    /// The events behind the ends of all choices.
    mutating func finish(_ usage: Usage) -> [ServerEvent]
    /// The event of an answer that breaks off.
    mutating func failure(_ error: APIError) -> ServerEvent
}

/// A piece of a stream: a server-sent event, or the data of one alone.
struct ServerEvent {
    /// Which kind of event it is, where the API names them.
    var name: String?
    /// `nil` for OpenAI's `[DONE]`.
    var data: (any Encodable)?

    static var done: ServerEvent { ServerEvent() }
}

/// The common end of OpenAI's older streams.
extension AnswerStream {
    mutating func failure(_ error: APIError) -> ServerEvent { ServerEvent(data: ErrorBody(error)) }
}

/// A choice that has come to its end.
struct FinishedChoice {
    var tokens: [GeneratedToken]
    var reason: FinishReason
    /// When the first token came; `nil` where none did.
    var firstToken: ContinuousClock.Instant?

    var text: String { tokens.map(\.text).joined() }
}

/// What all chunks of one answer have in common.
struct AnswerHeader: Sendable {
    var id: String
    /// Seconds since 1970.
    var created: Int
    var model: String
    var systemFingerprint: String

    /// - Parameter prefix: says what kind of answer it is, as in `chatcmpl`.
    init(prefix: String, model: String, version: String) {
        id = "\(prefix)-\(Identifier.random())"
        created = Int(Date().timeIntervalSince1970)
        self.model = model
        systemFingerprint = "weft-\(version)"
    }
}

/// An answer of OpenAI's API, whole or one piece of a stream.
struct Answer<Choice: Encodable>: Encodable {
    var id: String
    /// What kind of answer it is, as in `chat.completion`.
    var object: String
    var created: Int
    var model: String
    var systemFingerprint: String
    var choices: [Choice]
    /// Absent in all pieces of a stream but its last.
    var usage: Usage?

    init(_ object: String, _ header: AnswerHeader, choices: [Choice], usage: Usage? = nil) {
        (id, created, model) = (header.id, header.created, header.model)
        systemFingerprint = header.systemFingerprint
        self.object = object
        self.choices = choices
        self.usage = usage
    }
}

/// `usage`: the tokens that a request took.
struct Usage: Encodable {
    struct PromptDetails: Encodable { var cachedTokens: Int }
    struct CompletionDetails: Encodable { var reasoningTokens: Int }

    var promptTokens: Int
    var completionTokens: Int
    var totalTokens: Int
    var promptTokensDetails: PromptDetails
    /// Of models that reason.
    var completionTokensDetails: CompletionDetails?

    /// - Parameters:
    ///   - sequences: the sequences of the request; those of one prompt stand together.
    ///   - perPrompt: how many sequences each prompt has; their prompt is counted once.
    init(_ sequences: [TokenUsage], perPrompt: Int) {
        let prompts = stride(from: 0, to: sequences.count, by: perPrompt).map { sequences[$0] }
        promptTokens = prompts.map(\.promptTokens).reduce(0, +)
        completionTokens = sequences.map(\.completionTokens).reduce(0, +)
        totalTokens = promptTokens + completionTokens
        promptTokensDetails = PromptDetails(cachedTokens: prompts.map(\.cachedTokens).reduce(0, +))
    }
}

/// Tokens as log probabilities name them: by their text and their bytes.
struct TokenSpelling: Sendable {
    let tokenizer: any Tokenizer

    func bytes(_ token: TokenID) -> [UInt8] { tokenizer.bytes(of: token, rendersSpecial: true) }

    /// The token's text; part of a character reads as U+FFFD.
    func text(_ token: TokenID) -> String { String(decoding: bytes(token), as: UTF8.self) }

    /// JSON has no infinity; OpenAI writes -9999 for what cannot happen.
    static func finite(_ logprob: Float) -> Float { logprob.isFinite ? max(logprob, -9999) : -9999 }
}
