import Engine

/// A request that was understood: what to generate, and how to answer.
struct PreparedRequest: Sendable {
    /// All choices of the first prompt, then those of the next.
    var sequences: [GenerationRequest]
    var choicesPerPrompt: Int
    var format: any AnswerFormat
    var isStream: Bool
    var includesUsage: Bool
    /// The field that the prompt came from.
    var promptField: String

    /// The error in the words of this route: the engine knows a prompt only.
    func blaming(_ error: APIError) -> APIError {
        guard error.param == "prompt" else { return error }
        var error = error
        error.param = promptField
        return error
    }
}
