import Chat
import Jinja
import OrderedCollections

/// `tools` and what goes with them, in OpenAI's newer form and in its older one.
struct ToolFields: Decodable {
    /// OpenAI's limit.
    private static let countLimit = 128

    private enum CodingKeys: String, CodingKey {
        case tools, functions
        case toolChoice = "tool_choice"
        case functionCall = "function_call"
        case parallelToolCalls = "parallel_tool_calls"
    }

    var tools: [ChatTool]
    var choice: ToolChoice
    var allowsSeveral: Bool
    /// The client speaks of functions, and shall be answered so.
    var areFunctions: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let tools: [Tool] = try fields.field(.tools) ?? []
        let functions: [Function] = try fields.field(.functions) ?? []
        areFunctions = tools.isEmpty && !functions.isEmpty
        self.tools = areFunctions ? functions.map(\.tool) : tools.map(\.function.tool)
        let key = areFunctions ? CodingKeys.functions : .tools
        guard self.tools.count <= Self.countLimit else {
            throw fields.wrong(key, "must not have more than \(Self.countLimit) tools")
        }
        guard Set(self.tools.map(\.name)).count == self.tools.count else {
            throw fields.wrong(key, "must not have two tools of one name")
        }
        allowsSeveral = try fields.field(.parallelToolCalls) ?? true
        let choiceKey = areFunctions ? CodingKeys.functionCall : .toolChoice
        choice = try fields.field(choiceKey, as: ToolChoice.self) ?? .auto
        try choice.check(self.tools) { fields.wrong(choiceKey, $0) }
    }

    private struct Tool: Decodable {
        private enum CodingKeys: CodingKey { case type, function }

        var function: Function

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type: String = try fields.field(.type) ?? "function"
            guard type == "function" else {
                throw fields.wrong(.type, "is `\(type.abridged)`; only functions can be called")
            }
            guard let function: Function = try fields.field(.function) else {
                throw fields.wrong(.function, "is missing")
            }
            self.function = function
        }
    }

    private struct Function: Decodable {
        private enum CodingKeys: CodingKey { case name, description, parameters }

        var tool: ChatTool

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            tool = try ChatTool(
                name: fields.toolName(.name), description: fields.field(.description),
                parameters: fields.schema(.parameters))
        }
    }
}

/// Whether and which tools the model must call.
enum ToolChoice: Decodable, Equatable {
    case none
    case auto
    case required
    case named(String)

    private struct Named: Decodable {
        struct Function: Decodable { var name: String }

        var function: Function?
        var name: String?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let word = try container.ifType(String.self) {
            switch word {
            case "none": self = .none
            case "auto": self = .auto
            case "required", "any": self = .required
            default:
                throw APIError.wrong(decoder.codingPath, "must be `none`, `auto`, `required`, or name a function")
            }
        } else {
            let named = try container.decode(Named.self)
            guard let name = named.function?.name ?? named.name else {
                throw APIError.wrong(decoder.codingPath, "must name a function")
            }
            self = .named(name)
        }
    }

    /// - Throws: `fault`, which names the field, where there is no such tool, or its call cannot be forced.
    func check(_ tools: [ChatTool], _ fault: (String) -> APIError) throws {
        switch self {
        case .none, .auto: return
        case .required where tools.isEmpty: throw fault("needs tools")
        case .named(let name) where !tools.contains { $0.name == name }:
            throw fault("names `\(name.abridged)`, which is not among the tools")
        case .required, .named: return
        }
    }
}

extension KeyedDecodingContainer {
    /// A name that a tool may have.
    func toolName(_ key: Key) throws -> String {
        guard let name: String = try field(key) else { throw wrong(key, "is missing") }
        let isName = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isName, (1...128).contains(name.utf8.count) else {
            throw wrong(key, "must be 1 to 128 letters, digits, dashes, dots or underscores")
        }
        return name
    }

    /// A JSON Schema of an object; of one that takes nothing where it is left out.
    func schema(_ key: Key) throws -> Value {
        let value = try field(key, as: OrderedJSON.self)?.value ?? ["type": "object", "properties": [:]]
        guard case .dictionary(var items) = value else { throw wrong(key, "must be an object") }
        // Templates look at these.
        if items["type"] == nil { items["type"] = "object" }
        if items["properties"] == nil { items["properties"] = [:] }
        return .dictionary(items)
    }
}
