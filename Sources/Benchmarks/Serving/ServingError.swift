/// Why an endpoint cannot be measured.
package enum ServingError: Error, Hashable, Sendable, CustomStringConvertible {
    case badURL(String)
    case unreachable(url: String, reason: String)
    case refused(url: String, status: Int, message: String)
    /// What came back is not what an OpenAI endpoint answers.
    case unexpectedAnswer(url: String, reason: String)
    case missingModels([String], served: [String])
    /// A model that does not complete a single prompt while nothing else runs.
    case cannotComplete(model: String, reason: String)
    /// A latency file that lacks a model of the workload.
    case missingBaseline(model: String)
    case noRequests

    package var description: String {
        switch self {
        case .badURL(let url): "'\(url)' is no URL of an endpoint, such as http://127.0.0.1:8080"
        case .unreachable(let url, let reason): "\(url) cannot be reached: \(reason)"
        case .refused(let url, let status, let message): "\(url) answered with status \(status): \(message)"
        case .unexpectedAnswer(let url, let reason): "\(url): \(reason)"
        case .missingModels(let models, let served):
            "the endpoint does not serve \(models.joined(separator: ", ")); it serves "
                + (served.isEmpty ? "nothing" : served.joined(separator: ", "))
        case .cannotComplete(let model, let reason): "model \(model) cannot complete a prompt: \(reason)"
        case .missingBaseline(let model): "no unloaded latency is given for model \(model)"
        case .noRequests: "the workload has no request in its duration"
        }
    }
}
