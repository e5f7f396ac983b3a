import Engine

/// One token of a streamed choice, and where it stands.
struct OutputToken {
    var token: GeneratedToken
    var choice: Int
    var isFirst: Bool
    /// Characters of the choice before this token.
    var textOffset: Int
}
