extension APIError {
    /// What a client is told of JSON that does not have the shape of a request.
    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(let type, let context):
            self = Self.wrong(context.codingPath, "must be \(Self.name(of: type))")
        case .valueNotFound(let type, let context):
            self = Self.wrong(context.codingPath, "must be \(Self.name(of: type)), not null")
        case .keyNotFound(let key, let context):
            self = Self.wrong(context.codingPath + [key], "is missing")
        case .dataCorrupted:
            self = .invalid(nil, "The body is not valid JSON.", code: "invalid_json")
        @unknown default:
            self = .invalid(nil, "The body is not a valid request.")
        }
    }

    /// `problem` is said of the value at `path`, as in "must be an integer".
    static func wrong(_ path: [any CodingKey], _ problem: String) -> APIError {
        let field = fieldName(path)
        return .invalid(field, "\(field.map { "`\($0)`" } ?? "The body") \(problem).")
    }

    /// A path as clients write it: `messages[1].content`.
    private static func fieldName(_ path: [any CodingKey]) -> String? {
        guard !path.isEmpty else { return nil }
        let name = path.reduce(into: "") { name, key in
            if let index = key.intValue {
                name += "[\(index)]"
            } else {
                name += (name.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return name.abridged
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is Int.Type: "an integer"
        case is Double.Type: "a number"
        case is Bool.Type: "a boolean"
        case is String.Type: "a string"
        case is [Any].Type: "an array"
        default: "an object"
        }
    }
}
