import Engine

/// Answers of `/v1/chat/completions`.
struct ChatFormat: AnswerFormat {
    var header: AnswerHeader
    var spelling: TokenSpelling

    func chunk(_ token: OutputToken) -> any Encodable {
        // The role goes out with the first token and not before: clients take the first choice for the first token.
        let delta = ChatCompletionChunk.Delta(role: token.isFirst ? "assistant" : nil, content: token.token.text)
        let choice = ChatCompletionChunk.Choice(
            index: token.choice, delta: delta, logprobs: ChatLogprobs([token.token], spelling), finishReason: nil)
        return ChatCompletionChunk(header, choices: [choice])
    }

    func lastChunk(choice: Int, isFirst: Bool, reason: FinishReason) -> any Encodable {
        let delta = ChatCompletionChunk.Delta(role: isFirst ? "assistant" : nil, content: isFirst ? "" : nil)
        let choice = ChatCompletionChunk.Choice(
            index: choice, delta: delta, logprobs: nil, finishReason: reason.rawValue)
        return ChatCompletionChunk(header, choices: [choice])
    }

    func usageChunk(_ usage: Usage) -> any Encodable { ChatCompletionChunk(header, choices: [], usage: usage) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        let choices = choices.enumerated().map { index, choice in
            ChatCompletion.Choice(
                index: index, message: ChatCompletion.Message(content: choice.text, refusal: nil),
                logprobs: ChatLogprobs(choice.tokens, spelling), finishReason: choice.reason.rawValue)
        }
        return ChatCompletion(header, choices: choices, usage: usage)
    }
}
