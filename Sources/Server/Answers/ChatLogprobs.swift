import Engine
import Quantities
import Tokenization

/// `logprobs` of a chat choice.
struct ChatLogprobs: Encodable {
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
