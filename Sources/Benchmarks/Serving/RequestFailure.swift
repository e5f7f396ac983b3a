/// Why one request was not served.
package enum RequestFailure: Error, Hashable, Sendable {
    /// The endpoint answered with another status than 200.
    case status(Int, message: String)
    /// No connection, or a connection that broke.
    case connection(String)
    /// The answer took longer than the load generator waits.
    case timeout
    /// The stream ended before the answer did.
    case brokenStream
    /// The endpoint said so in the middle of the stream.
    case errorEvent(String)
    /// An event that is no completion.
    case malformedEvent(String)

    /// What failures are counted by.
    package var kind: String {
        switch self {
        case .status(let status, _): "status \(status)"
        case .connection: "connection"
        case .timeout: "timeout"
        case .brokenStream: "broken stream"
        case .errorEvent: "error event"
        case .malformedEvent: "malformed event"
        }
    }

    /// More than the kind says.
    package var detail: String {
        switch self {
        case .status(_, let detail), .connection(let detail), .errorEvent(let detail), .malformedEvent(let detail):
            detail
        case .timeout, .brokenStream: ""
        }
    }
}
