import Engine

/// Answers of `/v1/chat/completions`.
struct ChatFormat: AnswerFormat {
    var header: AnswerHeader
    var spelling: TokenSpelling

    func chunk(_ token: OutputToken) -> any Encodable {
        // The role goes out with the first token and not before: clients take the first choice for the first token.
        let delta = ChatChunkChoice.Delta(role: token.isFirst ? "assistant" : nil, content: token.token.text)
        let choice = ChatChunkChoice(
            index: token.choice, delta: delta, logprobs: ChatLogprobs([token.token], spelling), finishReason: nil)
        return chunk([choice])
    }

    func lastChunk(choice: Int, isFirst: Bool, reason: FinishReason) -> any Encodable {
        let delta = ChatChunkChoice.Delta(role: isFirst ? "assistant" : nil, content: isFirst ? "" : nil)
        let choice = ChatChunkChoice(
            index: choice, delta: delta, logprobs: nil, finishReason: reason.rawValue)
        return chunk([choice])
    }

    func usageChunk(_ usage: Usage) -> any Encodable { chunk([], usage) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        let choices = choices.enumerated().map { index, choice in
            ChatChoice(
                index: index, message: ChatChoice.Message(content: choice.text, refusal: nil),
                logprobs: ChatLogprobs(choice.tokens, spelling), finishReason: choice.reason.rawValue)
        }
        return Answer("chat.completion", header, choices: choices, usage: usage)
    }

    private func chunk(_ choices: [ChatChunkChoice], _ usage: Usage? = nil) -> any Encodable {
        Answer("chat.completion.chunk", header, choices: choices, usage: usage)
    }
}
