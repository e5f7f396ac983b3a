import HTTPTypes

/// What a client is told when its request fails: a status and the fields of OpenAI's error object.
struct APIError: Error, Sendable {
    var status: HTTPResponse.Status
    var message: String
    var type = "invalid_request_error"
    /// The field at fault, as in `messages[1].content`.
    var param: String?
    var code: String?
    /// Tokens of the prompt and of the context, when the one did not fit into the other.
    var overflow: (promptTokens: Int, limit: Int)?
    /// Seconds after which another try is worth while.
    var retryAfter: Int?
    /// What the answer's head says besides.
    var fields: HTTPFields = [:]
    /// The methods that the path knows, for status 405.
    var allowed: [HTTPRequest.Method] = []
    /// The rest of the request was not read, so nothing more can be read from this connection.
    var closesConnection = false

    static func invalid(_ param: String?, _ message: String, code: String? = nil) -> APIError {
        APIError(status: .badRequest, message: message, param: param, code: code)
    }

    static func pathNotFound(_ path: String) -> APIError {
        APIError(status: .notFound, message: "There is nothing at \(path.abridged).", code: "not_found")
    }

    static func methodNotAllowed(_ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]) -> APIError {
        APIError(
            status: .methodNotAllowed, message: "\(method.rawValue) is not possible here.", code: "method_not_allowed",
            allowed: allowed)
    }

    static func unauthenticated(_ message: String) -> APIError {
        APIError(
            status: .unauthorized, message: message, type: "authentication_error", code: "invalid_api_key",
            fields: [.wwwAuthenticate: "Bearer"])
    }

    static func forbidden(_ message: String) -> APIError {
        APIError(status: .forbidden, message: message, type: "permission_error", code: "not_permitted")
    }

    static func modelNotFound(_ name: String) -> APIError {
        APIError(
            status: .notFound, message: "The model `\(name.abridged)` does not exist.", param: "model",
            code: "model_not_found")
    }

    static func bodyTooLarge(limit: Int, closesConnection: Bool) -> APIError {
        APIError(
            status: .contentTooLarge, message: "The body is larger than \(limit) bytes.", code: "body_too_large",
            closesConnection: closesConnection)
    }

    static let bodyTooSlow = APIError(
        status: .requestTimeout, message: "The body did not arrive in time.", code: "body_timeout",
        closesConnection: true)

    /// What a client asks for would make an answer larger than one may be.
    static func answerTooLarge(_ param: String, limit: Int) -> APIError {
        .invalid(
            param, "The answer would be larger than \(limit) bytes; ask for less at a time.", code: "answer_too_large")
    }

    static let tooManyBodies = {
        var error = APIError.busy("Too many bodies are read already.")
        error.closesConnection = true
        return error
    }()

    /// Too much of something that is over soon. Chosen: work and bodies that wait are done within seconds.
    static func busy(_ message: String) -> APIError { .unavailable(message, retryAfter: 2) }

    /// - Parameter retryAfter: seconds. Chosen: models are loaded, and units built anew, in several of them.
    static func unavailable(_ message: String, retryAfter: Int = 5) -> APIError {
        APIError(
            status: .serviceUnavailable, message: message, type: "unavailable_error", code: "unavailable",
            retryAfter: retryAfter)
    }

    static let draining = unavailable("The server is draining and takes no more requests.")

    static let shuttingDown = unavailable("The server is shutting down.")

    /// Nobody reads this one: it ends the work for a connection that is gone.
    static let clientLeft = APIError(
        status: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"),
        message: "The client went away.", code: "client_closed_request")

    var isClientLeft: Bool { status.code == Self.clientLeft.status.code }

    static let unexpected = APIError(
        status: .internalServerError, message: "The server failed to answer.", type: "server_error",
        code: "internal_error")
}
