import Foundation

/// Where an OpenAI endpoint is, and how its models are called there.
package struct Endpoint: Sendable {
    /// What all paths start with, without a slash at its end.
    package let base: String
    private let apiKey: String?
    private let modelNames: [String: String]

    /// - Parameters:
    ///   - url: With or without the `/v1` that clients' base URLs end in.
    ///   - apiKey: Sent as a bearer token.
    ///   - modelNames: The endpoint's names of models, where they differ from the workload's.
    /// - Throws: `ServingError.badURL`.
    package init(url: String, apiKey: String? = nil, modelNames: [String: String] = [:]) throws(ServingError) {
        guard let parsed = URL(string: url), ["http", "https"].contains(parsed.scheme), parsed.host()?.isEmpty == false,
            parsed.query() == nil, parsed.fragment() == nil
        else { throw .badURL(url) }
        var base = Substring(url)
        while base.hasSuffix("/") { base.removeLast() }
        if base.hasSuffix("/v1") { base.removeLast(3) }
        self.base = String(base)
        self.apiKey = apiKey
        self.modelNames = modelNames
    }

    /// The endpoint's name of a model of the workload.
    package func name(of model: String) -> String { modelNames[model] ?? model }

    package var headers: [(String, String)] { apiKey.map { [("Authorization", "Bearer \($0)")] } ?? [] }
}
