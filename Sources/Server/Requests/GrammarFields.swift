import Grammar

/// The fields of a request that say what its text must be, in OpenAI's words, vLLM's and llama.cpp's; at most one of
/// them says anything.
struct GrammarFields: Decodable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case responseFormat = "response_format"
        case structuredOutputs = "structured_outputs"
        case guidedJSON = "guided_json"
        case guidedRegex = "guided_regex"
        case guidedChoice = "guided_choice"
        case guidedGrammar = "guided_grammar"
        case grammar
        case jsonSchema = "json_schema"
    }

    var grammar: Grammar?
    /// What it is compiled from.
    var source: GrammarSource?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        guard try CodingKeys.allCases.contains(where: { try fields.contains($0) && !fields.decodeNil(forKey: $0) })
        else {
            return
        }
        // Read anew, as the decoder does not keep the order of a schema's properties.
        let body: JSONTree
        do throws(GrammarError) {
            body = try JSONTree(decoder.userInfo[.requestText] as? String ?? "", byteLimit: .max)
        } catch { throw APIError.invalid(nil, "The body cannot be read: \(error).", code: "invalid_json") }
        var found: (source: GrammarSource, field: String)?
        for key in CodingKeys.allCases {
            guard let value = body[key.rawValue], !value.isNull else { continue }
            guard let (source, field) = try Self.source(key, value) else { continue }
            if let other = found {
                throw APIError.invalid(field, "`\(field)` cannot be combined with `\(other.field)`.")
            }
            found = (source, field)
        }
        guard let (source, field) = found else { return }
        self.source = source
        do throws(GrammarError) {
            if let cache = decoder.userInfo[.grammars] as? GrammarCache {
                grammar = try cache.grammar(source)
            } else {
                grammar = try source.compiled()
            }
        } catch {
            throw APIError.invalid(field, "`\(field)` cannot be used: \(error).", code: "invalid_grammar")
        }
    }

    /// What a field asks for, and the name of the part of it that says so; `nil` where it asks for nothing.
    private static func source(_ key: CodingKeys, _ value: JSONTree) throws -> (GrammarSource, String)? {
        let name = key.rawValue
        switch key {
        case .responseFormat: return try responseFormat(value)
        case .structuredOutputs: return try structuredOutputs(value)
        case .guidedJSON, .jsonSchema: return (try schema(value, name), name)
        case .guidedRegex: return (.regex(try text(value, name)), name)
        case .guidedChoice: return (try choices(value, name), name)
        case .guidedGrammar, .grammar:
            let source = try text(value, name)
            // llama.cpp's clients send an empty one for none.
            return source.isEmpty ? nil : (.gbnf(source), name)
        }
    }

    /// OpenAI's, and llama.cpp's with the schema beside the type.
    private static func responseFormat(_ value: JSONTree) throws -> (GrammarSource, String)? {
        let name = "response_format"
        guard value.isObject else { throw APIError.invalid(name, "`\(name)` must be an object.") }
        guard case .string(let type)? = value["type"] else {
            throw APIError.invalid("\(name).type", "`\(name).type` must be a string.")
        }
        switch type {
        case "text": return nil
        case "json_object":
            guard let schema = value["schema"], !schema.isNull else { return (.jsonObject, name) }
            return (try Self.schema(schema, "\(name).schema"), "\(name).schema")
        case "json_schema":
            let field = "\(name).json_schema.schema"
            guard let schema = value["json_schema"]?["schema"], !schema.isNull else {
                throw APIError.invalid(field, "`\(field)` is missing.")
            }
            return (try Self.schema(schema, field), field)
        default:
            throw APIError.invalid(name, "`\(name).type` must be `text`, `json_object` or `json_schema`.")
        }
    }

    /// vLLM's.
    private static func structuredOutputs(_ value: JSONTree) throws -> (GrammarSource, String)? {
        let name = "structured_outputs"
        guard value.isObject else { throw APIError.invalid(name, "`\(name)` must be an object.") }
        var found: [(GrammarSource, String)] = []
        for part in ["json", "json_object", "regex", "choice", "grammar", "structural_tag"] {
            guard let value = value[part], !value.isNull else { continue }
            let field = "\(name).\(part)"
            switch part {
            case "json": found.append((try schema(value, field), field))
            case "json_object": if case .bool(true) = value { found.append((.jsonObject, field)) }
            case "regex": found.append((.regex(try text(value, field)), field))
            case "choice": found.append((try choices(value, field), field))
            case "grammar": found.append((.gbnf(try text(value, field)), field))
            default: throw APIError.invalid(field, "`\(field)` is not supported.")
            }
        }
        guard found.count == 1 else {
            throw APIError.invalid(
                name, "`\(name)` must have one of `json`, `json_object`, `regex`, `choice`, `grammar`.")
        }
        return found[0]
    }

    /// A schema, or one that is written into a string.
    private static func schema(_ value: JSONTree, _ field: String) throws -> GrammarSource {
        if case .string(let text) = value { return .jsonSchema(text) }
        guard value.isObject || value.isBoolean else {
            throw APIError.invalid(field, "`\(field)` must be a JSON Schema.")
        }
        return .jsonSchema(value.json)
    }

    private static func text(_ value: JSONTree, _ field: String) throws -> String {
        guard case .string(let text) = value else { throw APIError.invalid(field, "`\(field)` must be a string.") }
        return text
    }

    private static func choices(_ value: JSONTree, _ field: String) throws -> GrammarSource {
        guard case .array(let elements) = value, !elements.isEmpty else {
            throw APIError.invalid(field, "`\(field)` must be an array of strings.")
        }
        return .choices(try elements.map { try text($0, field) })
    }
}

extension CodingUserInfoKey {
    /// The text of the body that is decoded.
    static let requestText = Self("weft.requestText")
    /// A `GrammarCache`.
    static let grammars = Self("weft.grammars")

    private init(_ name: String) {
        guard let key = CodingUserInfoKey(rawValue: name) else { preconditionFailure("a key of no text") }
        self = key
    }
}
