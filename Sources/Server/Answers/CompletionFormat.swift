import Engine

/// Answers of `/v1/completions`.
struct CompletionFormat: AnswerFormat {
    var header: AnswerHeader
    var spelling: TokenSpelling
    /// For each choice the prompt that goes before its text: empty unless the request asked for it.
    var echoes: [String]

    func chunk(_ token: OutputToken) -> any Encodable {
        let echo = echoes[token.choice]
        let logprobs = CompletionLogprobs([token.token], textOffset: token.textOffset, spelling)
        let choice = CompletionChoice(
            index: token.choice, text: (token.isFirst ? echo : "") + token.token.text, logprobs: logprobs,
            finishReason: nil)
        return answer([choice])
    }

    func lastChunk(choice: Int, isFirst: Bool, reason: FinishReason) -> any Encodable {
        let choice = CompletionChoice(
            index: choice, text: isFirst ? echoes[choice] : "", logprobs: nil, finishReason: reason.rawValue)
        return answer([choice])
    }

    func usageChunk(_ usage: Usage) -> any Encodable { answer([], usage) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        let choices = choices.enumerated().map { index, choice in
            CompletionChoice(
                index: index, text: echoes[index] + choice.text,
                logprobs: CompletionLogprobs(choice.tokens, textOffset: 0, spelling),
                finishReason: choice.reason.rawValue)
        }
        return answer(choices, usage)
    }

    private func answer(_ choices: [CompletionChoice], _ usage: Usage? = nil) -> any Encodable {
        Answer("text_completion", header, choices: choices, usage: usage)
    }
}
