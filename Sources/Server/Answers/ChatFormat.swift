import Engine
import Quantities
import Tokenization

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

/// One of the answers to a chat request, whole.
private struct ChatChoice: Encodable {
    struct Message: Encodable {
        var role = "assistant"
        var content: String
        @ExplicitNull var refusal: String?
    }

    var index: Int
    var message: Message
    @ExplicitNull var logprobs: ChatLogprobs?
    var finishReason: String
}

/// One piece of one of the answers to a chat request.
private struct ChatChunkChoice: Encodable {
    struct Delta: Encodable {
        var role: String?
        var content: String?
    }

    var index: Int
    var delta: Delta
    @ExplicitNull var logprobs: ChatLogprobs?
    @ExplicitNull var finishReason: String?
}

/// `logprobs` of a chat choice.
private struct ChatLogprobs: Encodable {
    struct Alternative: Encodable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]

        init(_ id: TokenID, _ logprob: Float, _ spelling: TokenSpelling) {
            token = spelling.text(id)
            bytes = spelling.bytes(id)
            self.logprob = TokenSpelling.finite(logprob)
        }
    }

    struct Token: Encodable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]
        var topLogprobs: [Alternative]
    }

    var content: [Token]
    @ExplicitNull var refusal: String?

    /// `nil` when the request asked for none.
    init?(_ tokens: [GeneratedToken], _ spelling: TokenSpelling) {
        guard tokens.contains(where: { $0.logprob != nil }) else { return nil }
        content = tokens.compactMap { token in
            guard let logprob = token.logprob else { return nil }
            let drawn = Alternative(token.id, logprob.logprob, spelling)
            return Token(
                token: drawn.token, logprob: drawn.logprob, bytes: drawn.bytes,
                topLogprobs: logprob.top.map { Alternative($0.id, $0.logprob, spelling) })
        }
    }
}
