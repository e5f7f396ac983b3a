import Chat
import Jinja
import OrderedCollections

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Decodable {
    /// OpenAI's limit.
    private static let alternativeLimit = 20

    private enum CodingKeys: String, CodingKey {
        case messages, logprobs
        case topLogprobs = "top_logprobs"
    }

    var input: ChatInput
    /// The client speaks of functions, and not of tools.
    var areFunctions: Bool
    /// How many alternatives are reported beside each token; `nil` reports no log probabilities.
    var topLogprobs: Int?
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let turns: [ChatTurn] = try fields.field(.messages) ?? []
        guard !turns.isEmpty else { throw fields.wrong(.messages, "must have at least one message") }
        let tools = try ToolFields(from: decoder)
        areFunctions = tools.areFunctions
        let template = try TemplateFields(from: decoder)
        input = ChatInput(
            messages: turns.map(\.message), tools: tools.choice == .none ? [] : tools.tools, choice: tools.choice,
            allowsSeveralCalls: tools.allowsSeveral, templateOptions: template.options,
            reasoningBudget: template.reasoningBudget)

        let reportsLogprobs = try fields.field(.logprobs) ?? false
        let alternatives = try fields.integer(.topLogprobs, in: 0...Self.alternativeLimit)
        guard reportsLogprobs || (alternatives ?? 0) == 0 else {
            throw fields.wrong(.topLogprobs, "needs `logprobs` to be true")
        }
        topLogprobs = reportsLogprobs ? alternatives ?? 0 : nil
        options = try GenerationOptions(from: decoder)
    }
}

/// What a request says of reasoning, and tells the template besides messages and tools.
struct TemplateFields: Decodable {
    private enum CodingKeys: String, CodingKey {
        case reasoningEffort = "reasoning_effort"
        case templateOptions = "chat_template_kwargs"
        /// vLLM's name and llama.cpp's.
        case thinkingTokenBudget = "thinking_token_budget"
        case thinkingBudgetTokens = "thinking_budget_tokens"
    }

    var options: [String: Value]
    var reasoningBudget: Int?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        options = try fields.field(.reasoningEffort).map(Self.options) ?? [:]
        for key in [CodingKeys.thinkingTokenBudget, .thinkingBudgetTokens] {
            // llama.cpp's -1 is no limit.
            let budget = try fields.integer(key, in: -1...Int(Int32.max))
            if let budget, budget >= 0 { reasoningBudget = budget }
        }
        guard let own = try fields.field(.templateOptions, as: OrderedJSON.self) else { return }
        guard case .dictionary(let items) = own.value else { throw fields.wrong(.templateOptions, "must be an object") }
        for (key, value) in items {
            if case .string(let name) = key { options[name] = value }
        }
    }

    /// Templates know an effort, or whether to think at all.
    static func options(effort: String) -> [String: Value] {
        effort == "none" ? ["enable_thinking": false] : ["reasoning_effort": .string(effort)]
    }
}

/// One element of `messages`.
struct ChatTurn: Decodable {
    private enum CodingKeys: String, CodingKey {
        case role, content, name, reasoning
        case toolCalls = "tool_calls"
        case functionCall = "function_call"
        case toolCallID = "tool_call_id"
        case reasoningContent = "reasoning_content"
    }

    var message: ChatMessage

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        guard let role: String = try fields.field(.role), !role.isEmpty else {
            throw fields.wrong(.role, "is missing")
        }
        let content: TextContent? = try fields.field(.content)
        // OpenAI's newer name for the system role, and its older one for results, which no template knows.
        let names = ["developer": "system", "function": "tool"]
        message = ChatMessage(role: names[role] ?? role, content: content?.text ?? "")
        message.name = try fields.field(.name)
        message.callID = try fields.field(.toolCallID)
        if role == "assistant" {
            message.reasoning = try fields.field(.reasoningContent) ?? fields.field(.reasoning)
            message.calls = try fields.field(.toolCalls, as: [Call].self)?.map(\.call) ?? []
            if let call: Function = try fields.field(.functionCall) {
                message.calls.append(ChatToolCall(id: call.name, name: call.name, arguments: call.arguments))
            }
        }
        if role == "function", message.callID == nil { message.callID = message.name }
    }

    private struct Call: Decodable {
        private enum CodingKeys: CodingKey { case id, type, function }

        var call: ChatToolCall

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard let function: Function = try fields.field(.function) else {
                throw fields.wrong(.function, "is missing")
            }
            call = ChatToolCall(
                id: try fields.field(.id) ?? "", name: function.name, arguments: function.arguments)
        }
    }

    private struct Function: Decodable {
        private enum CodingKeys: CodingKey { case name, arguments }

        var name: String
        var arguments: String

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard let name: String = try fields.field(.name) else { throw fields.wrong(.name, "is missing") }
            self.name = name
            arguments = try fields.field(.arguments) ?? "{}"
        }
    }
}

/// A string, or parts of which all are text.
struct TextContent: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try container.ifType(String.self) {
            self.text = text
        } else if let parts = try container.ifType([Part].self) {
            text = parts.map(\.text).joined(separator: "\n")
        } else {
            throw APIError.wrong(decoder.codingPath, "must be a string or an array of text parts")
        }
    }

    private struct Part: Decodable {
        private enum CodingKeys: CodingKey { case type, text, refusal }

        /// What Chat Completions, Responses and Messages call a part that is text.
        private static let textTypes: Set<String> = ["text", "input_text", "output_text"]

        var text: String

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type: String = try fields.field(.type) ?? "text"
            guard Self.textTypes.contains(type) || type == "refusal" else {
                throw APIError.wrong(
                    decoder.codingPath, "is of type `\(type.abridged)`; only text parts are supported")
            }
            let key = type == "refusal" ? CodingKeys.refusal : .text
            guard let text: String = try fields.field(key) else { throw fields.wrong(key, "is missing") }
            self.text = text
        }
    }
}
