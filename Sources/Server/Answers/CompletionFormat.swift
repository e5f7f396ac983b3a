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
        let choice = Completion.Choice(
            index: token.choice, text: (token.isFirst ? echo : "") + token.token.text, logprobs: logprobs,
            finishReason: nil)
        return Completion(header, choices: [choice])
    }

    func lastChunk(choice: Int, isFirst: Bool, reason: FinishReason) -> any Encodable {
        let choice = Completion.Choice(
            index: choice, text: isFirst ? echoes[choice] : "", logprobs: nil, finishReason: reason.rawValue)
        return Completion(header, choices: [choice])
    }

    func usageChunk(_ usage: Usage) -> any Encodable { Completion(header, choices: [], usage: usage) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        let choices = choices.enumerated().map { index, choice in
            Completion.Choice(
                index: index, text: echoes[index] + choice.text,
                logprobs: CompletionLogprobs(choice.tokens, textOffset: 0, spelling),
                finishReason: choice.reason.rawValue)
        }
        return Completion(header, choices: choices, usage: usage)
    }
}
