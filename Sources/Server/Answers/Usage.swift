import Engine

/// `usage`: the tokens that a request took.
struct Usage: Encodable {
    struct PromptDetails: Encodable { var cachedTokens: Int }

    var promptTokens: Int
    var completionTokens: Int
    var totalTokens: Int
    var promptTokensDetails: PromptDetails

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
