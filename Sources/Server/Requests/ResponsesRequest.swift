import Chat
import Jinja
import OrderedCollections

/// The body of `POST /v1/responses`, of which nothing is kept: a client sends the whole conversation each time.
struct ResponsesRequest: Decodable {
    private enum CodingKeys: String, CodingKey {
        case input, instructions, tools, reasoning, background
        case toolChoice = "tool_choice"
        case parallelToolCalls = "parallel_tool_calls"
        case previousResponseID = "previous_response_id"
        case conversation
        case maxOutputTokens = "max_output_tokens"
    }

    var chat: ChatInput
    var instructions: String?
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.previousResponseID, .conversation] where try fields.isGiven(key) {
            throw fields.wrong(
                key, "cannot be used: this server keeps no answers; send the whole conversation as `input`")
        }
        if try fields.field(.background) == true {
            throw fields.wrong(.background, "cannot be used: this server keeps no answers")
        }
        guard let input: Input = try fields.field(.input), !input.messages.isEmpty else {
            throw fields.wrong(.input, "is missing")
        }
        instructions = try fields.field(.instructions)
        let system = instructions.map { ChatMessage(role: "system", content: $0) }
        let tools = try fields.field(.tools, as: [Tool].self)?.compactMap(\.tool) ?? []
        let choice = try fields.field(.toolChoice, as: ToolChoice.self) ?? .auto
        try choice.check(tools) { fields.wrong(.toolChoice, $0) }
        chat = ChatInput(
            messages: [system].compactMap(\.self) + input.messages, tools: choice == ToolChoice.none ? [] : tools,
            choice: choice,
            allowsSeveralCalls: try fields.field(.parallelToolCalls) ?? true)
        if let effort = try fields.field(.reasoning, as: Reasoning.self)?.effort {
            chat.templateOptions = TemplateFields.options(effort: effort)
        }
        options = try GenerationOptions(from: decoder)
        options.maxTokens = try fields.integer(.maxOutputTokens, in: 1...Int(Int32.max)) ?? options.maxTokens
    }

    private struct Reasoning: Decodable { var effort: String? }

    /// A function. Tools of other types are left out: clients offer them to every server, and no model here knows them.
    private struct Tool: Decodable {
        private enum CodingKeys: CodingKey { case type, name, description, parameters }

        var tool: ChatTool?

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard try fields.field(.type, as: String.self) == "function" else { return }
            tool = try ChatTool(
                name: fields.toolName(.name), description: fields.field(.description),
                parameters: fields.schema(.parameters))
        }
    }

    /// Text, or items: messages, calls, their results, and reasoning.
    private struct Input: Decodable {
        var messages: [ChatMessage]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try container.ifType(String.self) {
                messages = [ChatMessage(role: "user", content: text)]
                return
            }
            messages = []
            // Reasoning, text and calls that follow each other are one message of the assistant.
            for item in try container.decode([Item].self) {
                if let message = item.message, message.role == "assistant", let last = messages.last,
                    last.role == "assistant", last.content.isEmpty || message.content.isEmpty
                {
                    messages[messages.count - 1].content += message.content
                    messages[messages.count - 1].calls += message.calls
                    if let reasoning = message.reasoning {
                        messages[messages.count - 1].reasoning = (last.reasoning ?? "") + reasoning
                    }
                } else if let message = item.message {
                    messages.append(message)
                }
            }
        }
    }

    private struct Item: Decodable {
        private enum CodingKeys: String, CodingKey {
            case type, role, content, name, arguments, output, summary
            case callID = "call_id"
        }

        /// `nil` for what says nothing to a model.
        var message: ChatMessage?

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type: String = try fields.field(.type) ?? "message"
            switch type {
            case "message":
                guard let role: String = try fields.field(.role), !role.isEmpty else {
                    throw fields.wrong(.role, "is missing")
                }
                let text = try fields.field(.content, as: TextContent.self)?.text ?? ""
                message = ChatMessage(role: role == "developer" ? "system" : role, content: text)
            case "function_call":
                guard let name: String = try fields.field(.name) else { throw fields.wrong(.name, "is missing") }
                let call = ChatToolCall(
                    id: try fields.field(.callID) ?? "", name: name, arguments: try fields.field(.arguments) ?? "{}")
                message = ChatMessage(role: "assistant", content: "", calls: [call])
            case "function_call_output":
                message = ChatMessage(
                    role: "tool", content: try fields.field(.output, as: TextContent.self)?.text ?? "",
                    callID: try fields.field(.callID))
            case "reasoning":
                let parts = try fields.field(.content, as: [Part].self) ?? fields.field(.summary) ?? []
                let text = parts.compactMap(\.text).joined(separator: "\n")
                message = text.isEmpty ? nil : ChatMessage(role: "assistant", content: "", reasoning: text)
            default:
                throw fields.wrong(.type, "is `\(type.abridged)`, which is not supported")
            }
        }

        private struct Part: Decodable { var text: String? }
    }
}

extension KeyedDecodingContainer {
    /// Whether a field is there and not null.
    fileprivate func isGiven(_ key: Key) throws -> Bool { try contains(key) && !decodeNil(forKey: key) }
}
