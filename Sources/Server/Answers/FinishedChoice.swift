import Engine

/// A choice that has come to its end.
struct FinishedChoice {
    var tokens: [GeneratedToken]
    var reason: FinishReason

    var text: String { tokens.map(\.text).joined() }
}
