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
