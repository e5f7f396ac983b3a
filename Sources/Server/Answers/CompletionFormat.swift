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

/// One of the answers to a completion request, whole or a piece of it: OpenAI gives both the same shape.
private struct CompletionChoice: Encodable {
    var index: Int
    var text: String
    @ExplicitNull var logprobs: CompletionLogprobs?
    @ExplicitNull var finishReason: String?
}

/// `logprobs` of a completion choice.
private struct CompletionLogprobs: Encodable {
    var tokens: [String] = []
    var tokenLogprobs: [Float] = []
    var topLogprobs: [[String: Float]] = []
    /// Characters of the choice before each token.
    var textOffset: [Int] = []

    /// - Parameter textOffset: characters of the choice before the first of `tokens`.
    /// - Returns: `nil` when the request asked for none.
    init?(_ generated: [GeneratedToken], textOffset start: Int, _ spelling: TokenSpelling) {
        guard generated.contains(where: { $0.logprob != nil }) else { return nil }
        var offset = start
        for token in generated {
            defer { offset += token.text.count }
            guard let logprob = token.logprob else { continue }
            tokens.append(spelling.text(token.id))
            tokenLogprobs.append(TokenSpelling.finite(logprob.logprob))
            // Two tokens may read the same (parts of a character); the likelier one stands.
            let alternatives = logprob.top.map { (spelling.text($0.id), TokenSpelling.finite($0.logprob)) }
            topLogprobs.append(Dictionary(alternatives) { max($0, $1) })
            textOffset.append(offset)
        }
    }
}
