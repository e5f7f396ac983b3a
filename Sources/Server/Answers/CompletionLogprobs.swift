import Engine

/// `logprobs` of a completion choice.
struct CompletionLogprobs: Encodable {
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
