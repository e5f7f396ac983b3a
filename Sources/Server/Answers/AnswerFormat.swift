import Engine

/// How an answer looks on the wire, whole or in pieces.
protocol AnswerFormat: Sendable {
    /// The chunk for one token.
    func chunk(_ token: OutputToken) -> any Encodable
    /// The chunk that ends a choice; `isFirst` when the choice has no token.
    func lastChunk(choice: Int, isFirst: Bool, reason: FinishReason) -> any Encodable
    /// The chunk without choices that tells what the request took.
    func usageChunk(_ usage: Usage) -> any Encodable
    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable
}

/// One token of a streamed choice, and where it stands.
struct OutputToken {
    var token: GeneratedToken
    var choice: Int
    var isFirst: Bool
    /// Characters of the choice before this token.
    var textOffset: Int
}

/// A choice that has come to its end.
struct FinishedChoice {
    var tokens: [GeneratedToken]
    var reason: FinishReason

    var text: String { tokens.map(\.text).joined() }
}
