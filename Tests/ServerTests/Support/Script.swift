import Engine

/// What the scripted generator does with one request.
struct Script: Sendable {
    /// The texts of the tokens; the id of a token is its text's first byte.
    var texts: [String] = ["Hel", "lo", " you"]
    /// Begins anew after the last text, until someone cancels.
    var isEndless = false
    /// Waits so long before each token.
    var pause: Duration = .zero
    var reason = FinishReason.stop
    /// Instead of the end.
    var failure: EngineError?
    /// Instead of a sequence.
    var refusal: EngineError?

    /// Minds the context's length and the request's limits and stop strings, as a real engine does.
    var mimicsModel = false

    static let silence = Script(pause: .seconds(3600))
    static let endless = Script(isEndless: true, pause: .milliseconds(5))
}
