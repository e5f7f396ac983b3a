/// Why a request was refused or a sequence broke off.
package enum EngineError: Error, Sendable {
    case modelNotFound(String)
    case emptyPrompt
    /// The prompt leaves no room for a single token.
    case contextLengthExceeded(model: String, promptTokens: Int, limit: Int)
    case tokenOutOfVocabulary(Int, vocabularySize: Int)
    /// More pages than the whole pool holds.
    case poolTooSmall(model: String, pagesNeeded: Int, pages: Int)
    /// The queue is full; worth another try after the given seconds.
    case overloaded(retryAfter: Int)
    /// The engine is loading or shutting down.
    case unavailable(String)
    /// The unit that served the model failed while it worked.
    case unitFailed(unit: String, model: String, reason: String)
}
