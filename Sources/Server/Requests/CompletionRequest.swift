/// The body of `POST /v1/completions`.
struct CompletionRequest: Decodable {
    /// OpenAI's default for this route.
    private static let defaultMaxTokens = 16
    /// vLLM's limit, and OpenAI's of chats; of this route OpenAI's is 5.
    private static let alternativeLimit = 20
    /// Chosen: with all their choices a quarter of the sequences that a unit takes.
    private static let promptLimit = 32

    private enum CodingKeys: String, CodingKey {
        case prompt, suffix, echo, logprobs, n
        case bestOf = "best_of"
    }

    var prompts: [Prompt]
    /// What follows the text to be written; empty where it ends the text.
    var suffix: String
    /// Whether the answer repeats the prompt.
    var echoes: Bool
    /// How many alternatives are reported beside each token; `nil` reports no log probabilities.
    var topLogprobs: Int?
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        options = try GenerationOptions(from: decoder)
        options.maxTokens = options.maxTokens ?? max(Self.defaultMaxTokens, options.minTokens)
        suffix = try fields.field(.suffix) ?? ""
        if let bestOf: Int = try fields.field(.bestOf), bestOf != options.choices {
            throw fields.wrong(.bestOf, "must equal `n`: this server returns all that it generates")
        }
        topLogprobs = try fields.integer(.logprobs, in: 0...Self.alternativeLimit)
        echoes = try fields.field(.echo) ?? false
        if echoes && topLogprobs != nil {
            throw fields.wrong(.echo, "cannot be combined with `logprobs`: the prompt's are not computed")
        }
        guard let prompt: PromptField = try fields.field(.prompt) else { throw fields.wrong(.prompt, "is missing") }
        prompts = prompt.prompts
        guard prompts.count <= Self.promptLimit else {
            throw fields.wrong(.prompt, "must not have more than \(Self.promptLimit) prompts")
        }
    }
}
