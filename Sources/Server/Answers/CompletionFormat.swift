import Engine

/// Answers of `/v1/completions`.
struct CompletionFormat: AnswerFormat {
    var header: AnswerHeader
    var spelling: TokenSpelling
    /// For each choice the prompt that goes before its text: empty unless the request asked for it.
    var echoes: [String]
    var includesUsage: Bool

    func stream(choices: Int) -> any AnswerStream {
        Stream(format: self, pending: echoes, lengths: Array(repeating: 0, count: choices))
    }

    private struct Stream: AnswerStream {
        let format: CompletionFormat
        /// For each choice the text that goes out with its first piece.
        var pending: [String]
        /// Characters of each choice so far, without that.
        var lengths: [Int]

        mutating func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent] {
            let logprobs = CompletionLogprobs([token], textOffset: lengths[choice], format.spelling)
            lengths[choice] += token.text.count
            return event(choice, token.text, logprobs, nil)
        }

        mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent] {
            event(choice, "", nil, reason.rawValue)
        }

        func finish(_ usage: Usage) -> [ServerEvent] {
            (format.includesUsage ? [ServerEvent(data: format.answer([], usage))] : []) + [.done]
        }

        private mutating func event(
            _ index: Int, _ text: String, _ logprobs: CompletionLogprobs?, _ reason: String?
        ) -> [ServerEvent] {
            let choice = CompletionChoice(
                index: index, text: pending[index] + text, logprobs: logprobs, finishReason: reason)
            pending[index] = ""
            return [ServerEvent(data: format.answer([choice]))]
        }
    }

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
