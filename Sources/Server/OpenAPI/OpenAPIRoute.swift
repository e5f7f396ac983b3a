import Foundation
import HTTPTypes
import Hummingbird

/// `GET /openapi.json`: the API as OpenAPI 3.1 describes it, of `Operation.all` and the schemas in `components.json`.
struct OpenAPIRoute: Sendable {
    static let path = "/openapi.json"

    private let text: ByteBuffer

    init(version: String) {
        do {
            let json = try JSONSerialization.data(
                withJSONObject: Self.document(version: version), options: [.sortedKeys, .withoutEscapingSlashes])
            text = ByteBuffer(bytes: json)
        } catch { preconditionFailure("components.json is no JSON: \(error)") }
    }

    func respond(_ request: Request, _ context: ServerContext) -> Response { Response(json: text) }

    private static func document(version: String) throws -> [String: Any] {
        let components = try JSONSerialization.jsonObject(with: Data(PackageResources.components_json))
        let paths = Dictionary(grouping: Operation.all, by: \.path).mapValues { operations in
            var path = Dictionary(uniqueKeysWithValues: operations.map { ($0.method.rawValue.lowercased(), $0.json) })
            if operations[0].path.contains("{model}") { path["parameters"] = [model] }
            return path
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Weft", "version": version,
                "description": "Language models on one GPU, in the words of OpenAI, Anthropic, Ollama and llama.cpp.",
            ],
            "tags": Operation.Group.allCases.map { ["name": $0.rawValue] }, "paths": paths, "components": components,
        ]
    }

    /// In the path of a model; slashes of its name may be escaped.
    private static var model: [String: Any] {
        ["name": "model", "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
    }
}

extension Operation {
    fileprivate var json: Any {
        var json: [String: Any] = [
            "operationId": method.rawValue.lowercased()
                + path.filter { $0.isLetter || $0 == "/" || $0 == "_" }
                .replacing("/", with: "_"),
            "tags": [group.rawValue], "summary": summary,
            // A key is asked for where the server has any.
            "security": isOpen ? [] : [[:], ["bearer": [String]()], ["x-api-key": [String]()]],
            "responses": responses,
        ]
        if !query.isEmpty {
            json["parameters"] = query.map { ["name": $0, "in": "query", "schema": ["type": "string"]] }
        }
        if let body {
            json["requestBody"] = ["required": true, "content": ["application/json": Self.schema(body)]]
        }
        return json
    }

    private var isOpen: Bool { group == .probes }

    private var responses: [String: Any] {
        var responses: [String: Any] = ["200": ["description": "What was asked for.", "content": content]]
        for (status, description) in failures {
            responses["\(status)"] = [
                "description": description, "content": ["application/json": Self.schema(group.error)],
            ]
        }
        return responses
    }

    private var content: [String: Any] {
        switch answer {
        case .json(let schema): ["application/json": Self.schema(schema)]
        case .streamed(let schema, let type): ["application/json": Self.schema(schema), type: [String: Any]()]
        case .text(let type): [type: ["schema": ["type": "string"]]]
        case .stream(let type): [type: [String: Any]()]
        case .nothing: [:]
        }
    }

    private static func schema(_ name: String) -> [String: Any] {
        ["schema": ["$ref": "#/components/schemas/\(name)"]]
    }

    private var failures: [(Int, String)] {
        var failures: [(Int, String)] = []
        if !isOpen { failures += [(401, "A key is missing or unknown."), (403, "The key is not for this.")] }
        if body != nil || !query.isEmpty { failures.append((400, "The request is wrong.")) }
        if isOptional, failures.last?.0 != 400 { failures.append((400, "The server is not configured for it.")) }
        if body != nil {
            failures += [
                (408, "The body takes too long."), (413, "The body is too large."),
                (429, "The key's limits are reached."),
                (500, "The server failed."),
            ]
        }
        if body != nil || path.contains("{model}") { failures.append((404, "There is no such model.")) }
        if body != nil || path.contains("{model}") || path == "/ready" || group == .administration {
            failures.append((503, "Models are loading, or too much is waiting."))
        }
        return failures
    }
}
