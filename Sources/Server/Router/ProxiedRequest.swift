import Foundation
import Routing

/// What a router must know of a request's body: which model, how much work, and whether an answer can be had twice.
/// What is wrong with the rest the worker tells.
struct ProxiedRequest: Sendable {
    /// Paths whose requests write text.
    static let writing: Set<String> = [
        "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/infill", "/api/chat",
        "/api/generate",
    ]
    /// Paths whose requests only read.
    static let reading: Set<String> = [
        "/v1/messages/count_tokens", "/v1/embeddings", "/v1/rerank", "/tokenize", "/detokenize", "/apply-template",
        "/api/embed", "/api/embeddings", "/api/show",
    ]
    /// Paths whose streams another worker may go on with: their events are known here.
    private static let repeatable: Set<String> = ["/v1/chat/completions", "/v1/completions"]

    /// `nil` where the request names none.
    let model: String?
    private let work: ExpectedWork
    private let prefix: PrefixHash?
    private let isRepeatable: Bool

    init(_ body: ReceivedBody, path: String) throws {
        let fields = try body.decode(Fields.self)
        model = fields.model
        // About four bytes are a token, in JSON as in text.
        work = ExpectedWork(
            promptTokens: body.count / 4, mostOutputTokens: Self.writing.contains(path) ? fields.mostTokens : 0,
            answers: fields.answers)
        let beginning = fields.beginning
        prefix = beginning.isEmpty ? nil : PrefixHash(beginning)
        isRepeatable = Self.repeatable.contains(path) && fields.isStream && fields.isDeterministic
    }

    func demand(model: String) -> Demand {
        Demand(model: model, work: work, prefix: prefix, isRepeatable: isRepeatable)
    }
}

/// The fields of all APIs that matter here. One of a wrong type counts as absent.
private struct Fields: Decodable {
    private enum Key: String, CodingKey {
        case model, name, stream, temperature, seed, n, messages, system, instructions, prompt, input, content, options
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case maxOutputTokens = "max_output_tokens"
        case numPredict = "num_predict"
        case nPredict = "n_predict"
    }

    private struct Message: Decodable {
        private enum Key: CodingKey { case role, content }

        var role: String?
        var content: String

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            role = try? fields.decode(String.self, forKey: .role)
            content = (try? fields.decode(Text.self, forKey: .content))?.text ?? ""
        }
    }

    var model: String?
    var isStream: Bool
    var isDeterministic: Bool
    var answers: Int
    var mostTokens: Int?
    /// The text that the prompt begins with: up to the first message of a user, so that a conversation stays where its
    /// pages are however it grows.
    var beginning: String

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func field<Value: Decodable>(_ key: Key, as type: Value.Type = Value.self) -> Value? {
            try? fields.decode(Value.self, forKey: key)
        }
        func text(_ key: Key) -> String { field(key, as: Text.self)?.text ?? "" }
        model = field(.model) ?? field(.name)
        isStream = field(.stream) ?? false
        isDeterministic = field(.temperature) == 0.0 || field(.seed, as: Int64.self) != nil
        answers = max(1, min(field(.n) ?? 1, 128))
        let options = try? fields.nestedContainer(keyedBy: Key.self, forKey: .options)
        mostTokens =
            [.maxCompletionTokens, .maxTokens, .maxOutputTokens, .nPredict].lazy.compactMap { field($0, as: Int.self) }
            .first ?? (try? options?.decode(Int.self, forKey: .numPredict))
        mostTokens = mostTokens.flatMap { $0 >= 0 ? $0 : nil }
        let messages = field(.messages, as: [Message].self) ?? []
        let first = messages.firstIndex { $0.role == "user" } ?? messages.endIndex
        beginning =
            text(.instructions) + text(.system)
            + messages.prefix(through: min(first, messages.count - 1))
            .map(\.content).joined(separator: "\n") + text(.prompt) + text(.input) + text(.content)
    }
}

/// Text, or parts of text, or token ids.
private struct Text: Decodable {
    private enum Key: CodingKey { case text, content }

    var text: String

    init(from decoder: any Decoder) throws {
        if let fields = try? decoder.container(keyedBy: Key.self) {
            let parts = [Key.text, .content].compactMap { try? fields.decode(Text.self, forKey: $0).text }
            text = parts.first ?? ""
            return
        }
        let container = try decoder.singleValueContainer()
        if let string = try? container.decode(String.self) {
            text = string
        } else if let tokens = try? container.decode([Int].self) {
            text = tokens.prefix(PrefixHash.tokens).map { "\($0)" }.joined(separator: " ")
        } else {
            text = try container.decode([Text].self).map(\.text).joined(separator: "\n")
        }
    }
}
