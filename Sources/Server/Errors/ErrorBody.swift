import HTTPTypes
import Hummingbird

/// OpenAI's error object as it goes over the wire.
struct ErrorBody: Encodable {
    struct Details: Encodable {
        var message: String
        var type: String
        @ExplicitNull var param: String?
        @ExplicitNull var code: String?
        /// Named as llama.cpp names them, whose clients read them.
        var nPromptTokens: Int?
        var nCtx: Int?
    }

    var error: Details

    init(_ error: APIError) {
        self.error = Details(
            message: error.message, type: error.type, param: error.param, code: error.code,
            nPromptTokens: error.overflow?.promptTokens, nCtx: error.overflow?.limit)
    }
}

extension Response {
    /// The answer to a request that failed.
    init(_ error: APIError, _ body: some Encodable) throws {
        try self.init(json: body, status: error.status)
        for field in error.fields { headers[field.name] = field.value }
        if let seconds = error.retryAfter { headers[.retryAfter] = String(seconds) }
        if !error.allowed.isEmpty { headers[.allow] = error.allowed.map(\.rawValue).joined(separator: ", ") }
        if error.closesConnection { headers[.connection] = "close" }
    }
}
