import Engine
import Tokenization

/// A text of a request, or its tokens.
enum Prompt: Sendable {
    case text(String)
    case tokens([Int], field: String)

    /// What a model reads: of an empty text nothing.
    ///
    /// - Throws: `APIError` naming a token outside of the vocabulary.
    func tokens(for model: ServedModel) throws -> [Int32] {
        switch self {
        case .text(""): []
        case .text(let text): model.tokenizer.encode(text, parsesSpecial: true, addsSpecial: true)
        case .tokens(let ids, let field): try model.tokens(ids, field: field)
        }
    }
}

/// A string, an array of strings, an array of token ids, or an array of those.
struct PromptField: Decodable {
    var prompts: [Prompt]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = decoder.codingPath.last?.stringValue ?? ""
        if let text = try container.ifType(String.self) {
            prompts = [.text(text)]
        } else if let tokens = try container.ifType([Int].self) {
            prompts = [.tokens(tokens, field: name)]
        } else if let texts = try container.ifType([String].self) {
            prompts = texts.map { .text($0) }
        } else if let several = try container.ifType([[Int]].self) {
            prompts = several.enumerated().map { .tokens($1, field: "\(name)[\($0)]") }
        } else {
            throw APIError.wrong(
                decoder.codingPath, "must be a string, an array of strings, an array of token ids or an array of those")
        }
    }
}
