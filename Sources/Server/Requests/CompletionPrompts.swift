/// `prompt`: a string, an array of strings, an array of token ids, or an array of those.
struct CompletionPrompts: Decodable {
    private static let countLimit = 32

    var prompts: [CompletionPrompt]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try container.ifType(String.self) {
            prompts = [.text(text)]
        } else if let tokens = try container.ifType([Int].self) {
            prompts = [.tokens(tokens, field: "prompt")]
        } else if let texts = try container.ifType([String].self) {
            prompts = texts.map { .text($0) }
        } else if let several = try container.ifType([[Int]].self) {
            prompts = several.enumerated().map { .tokens($1, field: "prompt[\($0)]") }
        } else {
            throw APIError.wrong(
                decoder.codingPath, "must be a string, an array of strings, an array of token ids or an array of those")
        }
        guard prompts.count <= Self.countLimit else {
            throw APIError.wrong(decoder.codingPath, "must not have more than \(Self.countLimit) prompts")
        }
    }
}
