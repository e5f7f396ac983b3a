import Engine

/// What the scripted generator does with one request.
struct Script: Sendable {
    /// The texts of the tokens; the id of a token is its text's first byte.
    var texts: [String] = ["Hel", "lo", " you"]
    /// Begins anew after the last text, until someone cancels.
    var isEndless = false
    /// Waits for `ScriptedGenerator.release` before the first token.
    var isHeld = false
    /// Waits so long before each token.
    var pause: Duration = .zero
    var reason = FinishReason.stop
    /// Instead of the end.
    var failure: EngineError?
    /// Instead of a sequence.
    var refusal: EngineError?

    /// Minds the context's length and the request's limits and stop strings, as a real engine does.
    var mimicsModel = false

    static let held = Script(isHeld: true)
    static let endless = Script(isEndless: true, pause: .milliseconds(5))
}
