import Chat
import Engine

extension APIError {
    /// What a client is told of an error met while its request was served.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as APIError: error
            case let error as EngineError: APIError(error)
            case let error as ChatTemplateError: .invalid("messages", error.description, code: "chat_template_error")
            case let error as DecodingError: APIError(error)
            case is CancellationError: .clientLeft
            default: .unexpected
            }
    }

    private init(_ error: EngineError) {
        self =
            switch error {
            case .modelNotFound(let name): .modelNotFound(name)
            case .emptyPrompt: .invalid("prompt", "The prompt is empty.", code: "empty_prompt")
            case .contextLengthExceeded(let model, let promptTokens, let limit):
                .contextLengthExceeded(model: model, promptTokens: promptTokens, limit: limit)
            case .textTooLong(let model, let tokens, let limit):
                .textTooLong(model: model, tokens: tokens, limit: limit)
            case .unsuitable(let model, let purpose): .unsuitable(model, purpose)
            case .cancelled: .clientLeft
            case .tokenOutOfVocabulary(let token, let size):
                .invalid("prompt", "Token \(token) is outside of the vocabulary of \(size) tokens.")
            case .poolTooSmall(let model, let needed, let pages):
                .invalid(
                    "prompt", "\(model) would need \(needed) pages for this request; the pool has \(pages).",
                    code: "pool_too_small")
            case .overloaded(let seconds):
                .unavailable("Too many requests wait already.", retryAfter: seconds)
            case .unavailable(let reason): .unavailable(reason)
            case .unitFailed(let unit, let model, let reason):
                .unavailable("\(model) broke off, as unit '\(unit)' failed: \(reason)")
            }
    }

    private static func textTooLong(model: String, tokens: Int, limit: Int) -> APIError {
        var error = APIError.invalid(
            "prompt", "The text has \(tokens) tokens; \(model) reads at most \(limit).", code: "context_length_exceeded"
        )
        error.overflow = (tokens, limit)
        return error
    }

    /// A model is asked for what it is not for.
    static func unsuitable(_ model: String, _ purpose: ModelPurpose) -> APIError {
        let routes =
            switch purpose {
            case .generation: "/v1/chat/completions or /v1/completions"
            case .embedding: "/v1/embeddings"
            case .ranking: "/v1/rerank"
            }
        return .invalid("model", "`\(model)` \(purpose); use \(routes).", code: "model_unsuitable")
    }

    /// The same in the words of a route: the engine knows a prompt only.
    func blaming(_ field: String) -> APIError {
        guard param == "prompt" else { return self }
        var error = self
        error.param = field
        return error
    }

    private static func contextLengthExceeded(model: String, promptTokens: Int, limit: Int) -> APIError {
        var error = APIError.invalid(
            "prompt", "The prompt has \(promptTokens) tokens; \(model) holds \(limit) of prompt and output together.",
            code: "context_length_exceeded")
        error.overflow = (promptTokens, limit)
        return error
    }
}
