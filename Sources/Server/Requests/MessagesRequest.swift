import Chat
import Jinja
import OrderedCollections

/// The body of `POST /v1/messages` and of `POST /v1/messages/count_tokens`: Anthropic's API.
///
/// Fields that are not read are ignored, as are the clients' hints at caches and services.
struct MessagesRequest: Decodable {
    private enum CodingKeys: String, CodingKey {
        case messages, system, tools, thinking
        case toolChoice = "tool_choice"
        case stopSequences = "stop_sequences"
    }

    var input: ChatInput
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let turns: [Turn] = try fields.field(.messages) ?? []
        guard !turns.isEmpty else { throw fields.wrong(.messages, "must have at least one message") }
        let system = try fields.field(.system, as: TextContent.self).map {
            ChatMessage(role: "system", content: $0.text)
        }
        let tools = try fields.field(.tools, as: [Tool].self)?.compactMap(\.tool) ?? []
        let choice = try fields.field(.toolChoice, as: Choice.self)
        try choice?.choice.check(tools) { fields.wrong(.toolChoice, $0) }
        input = ChatInput(
            messages: [system].compactMap(\.self) + turns.flatMap(\.messages),
            tools: choice?.choice == ToolChoice.none ? [] : tools, choice: choice?.choice ?? .auto,
            allowsSeveralCalls: choice?.allowsSeveral ?? true)
        if let thinking: Thinking = try fields.field(.thinking) {
            input.templateOptions["enable_thinking"] = .boolean(thinking.type != "disabled")
            input.reasoningBudget = thinking.budgetTokens.map { max(0, $0) }
        }
        options = try GenerationOptions(from: decoder)
        options.stop = try fields.field(.stopSequences, as: [String].self) ?? []
        guard options.stop.count <= 16, options.stop.allSatisfy({ (1...1024).contains($0.utf8.count) }) else {
            throw fields.wrong(.stopSequences, "must be at most 16 strings of 1 to 1024 bytes")
        }
    }

    private struct Thinking: Decodable {
        private enum CodingKeys: String, CodingKey {
            case type
            case budgetTokens = "budget_tokens"
        }

        var type: String
        var budgetTokens: Int?
    }

    /// A tool that the client runs. Those that Anthropic runs have a type of their own, and are left out: no model here
    /// knows them.
    private struct Tool: Decodable {
        private enum CodingKeys: String, CodingKey {
            case type, name, description
            case inputSchema = "input_schema"
        }

        var tool: ChatTool?

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type: String = try fields.field(.type) ?? "custom"
            guard type == "custom" else { return }
            tool = try ChatTool(
                name: fields.toolName(.name), description: fields.field(.description),
                parameters: fields.schema(.inputSchema))
        }
    }

    private struct Choice: Decodable {
        private enum CodingKeys: String, CodingKey {
            case type, name
            case isSerial = "disable_parallel_tool_use"
        }

        var choice: ToolChoice
        var allowsSeveral: Bool

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            switch try fields.field(.type, as: String.self) {
            case "auto": choice = .auto
            case "any": choice = .required
            case "none": choice = .none
            case "tool": choice = .named(try fields.field(.name) ?? "")
            default: throw fields.wrong(.type, "must be `auto`, `any`, `tool` or `none`")
            }
            allowsSeveral = try fields.field(.isSerial) != true
        }
    }

    /// One element of `messages`: text, or blocks, of which results are messages of their own.
    private struct Turn: Decodable {
        private enum CodingKeys: CodingKey { case role, content }

        var messages: [ChatMessage]

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard let role: String = try fields.field(.role), ["user", "assistant", "system"].contains(role) else {
                throw fields.wrong(.role, "must be `user`, `assistant` or `system`")
            }
            guard let content: Content = try fields.field(.content) else { throw fields.wrong(.content, "is missing") }
            var message = ChatMessage(role: role, content: "")
            var results: [ChatMessage] = []
            for block in content.blocks {
                switch block {
                case .text(let text): message.content += (message.content.isEmpty ? "" : "\n") + text
                case .thinking(let text): message.reasoning = (message.reasoning ?? "") + text
                case .use(let call): message.calls.append(call)
                case .result(let id, let text): results.append(ChatMessage(role: "tool", content: text, callID: id))
                case .nothing: break
                }
            }
            let isEmpty = message.content.isEmpty && message.calls.isEmpty && message.reasoning == nil
            messages = results + (isEmpty && !results.isEmpty ? [] : [message])
        }
    }

    private struct Content: Decodable {
        var blocks: [Block]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try container.ifType(String.self) {
                blocks = [.text(text)]
            } else {
                blocks = try container.decode([Block].self)
            }
        }
    }

    private enum Block: Decodable {
        case text(String)
        case thinking(String)
        case use(ChatToolCall)
        case result(id: String, text: String)
        case nothing

        private enum CodingKeys: String, CodingKey {
            case type, text, thinking, id, name, input, content
            case toolUseID = "tool_use_id"
            case isError = "is_error"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type: String = try fields.field(.type) ?? "text"
            switch type {
            case "text":
                guard let text: String = try fields.field(.text) else { throw fields.wrong(.text, "is missing") }
                self = .text(text)
            case "thinking": self = .thinking(try fields.field(.thinking) ?? "")
            case "redacted_thinking": self = .nothing
            case "tool_use":
                let input = try fields.field(.input, as: OrderedJSON.self)?.value.json() ?? "{}"
                guard let name: String = try fields.field(.name) else { throw fields.wrong(.name, "is missing") }
                self = .use(ChatToolCall(id: try fields.field(.id) ?? "", name: name, arguments: input))
            case "tool_result":
                let text = try fields.field(.content, as: TextContent.self)?.text ?? ""
                let isError = try fields.field(.isError) ?? false
                self = .result(id: try fields.field(.toolUseID) ?? "", text: (isError ? "Error: " : "") + text)
            default:
                throw APIError.wrong(
                    decoder.codingPath, "is of type `\(type.abridged)`, which is not supported")
            }
        }
    }
}
