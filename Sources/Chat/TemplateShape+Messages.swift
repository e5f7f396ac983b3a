import Jinja
import OrderedCollections

extension TemplateShape {
    /// The values that tell a template of tools.
    func values(of tools: [ChatTool]) -> [String: Value] {
        guard !tools.isEmpty else { return ["tools": noTools] }
        let list = Value.list(tools.map(\.value))
        switch toolPlace {
        case .list(let name): return [name: list]
        case .systemMessage, .prose: return [:]
        }
    }

    /// The messages as the template wants them. What it does not know is put into words that it does: tools and the
    /// system's message into another message, calls and results into text.
    func messages(_ prompt: ChatPrompt, _ format: OutputFormat) -> [Value] {
        var messages = prompt.messages
        name(&messages)
        for index in messages.indices { spellOut(&messages[index], format) }
        if toolPlace == .prose, !prompt.tools.isEmpty {
            let text = Self.prose(prompt.tools)
            if messages.first?.role == "system" {
                messages[0].content += "\n\n" + text
            } else {
                messages.insert(ChatMessage(role: "system", content: text), at: 0)
            }
        }
        if !features.systemMessage { moveSystemMessages(&messages) }
        var values = messages.map(value)
        if toolPlace == .systemMessage, !prompt.tools.isEmpty {
            if messages.first?.role != "system" {
                values.insert(value(of: ChatMessage(role: "system", content: "")), at: 0)
            }
            values[0] = values[0].setting("tools", .string(Value.list(prompt.tools.map(\.value)).json() ?? "[]"))
        }
        return values
    }

    /// Gives results the names of their tools, which some templates want.
    private func name(_ messages: inout [ChatMessage]) {
        var names: [String: String] = [:]
        for index in messages.indices {
            for call in messages[index].calls { names[call.id] = call.name }
            if messages[index].role == "tool", messages[index].name == nil {
                messages[index].name = messages[index].callID.flatMap { names[$0] }
            }
        }
    }

    /// Writes calls and results as text where the template would leave them out.
    private func spellOut(_ message: inout ChatMessage, _ format: OutputFormat) {
        if !rendersCalls, !message.calls.isEmpty {
            let texts = message.calls.map(format.text)
            message.content += (message.content.isEmpty ? "" : "\n") + texts.joined(separator: "\n")
            message.calls = []
        }
        if !rendersResults, message.role == "tool" {
            message = ChatMessage(
                role: "user", content: "<tool_response>\n\(message.content)\n</tool_response>")
        }
    }

    /// Puts what the system says before what the user says next, for templates without a system's role.
    private func moveSystemMessages(_ messages: inout [ChatMessage]) {
        var pending = ""
        var moved: [ChatMessage] = []
        for var message in messages {
            if message.role == "system" {
                pending += message.content + "\n\n"
            } else {
                if message.role == "user", !pending.isEmpty {
                    message.content = pending + message.content
                    pending = ""
                }
                moved.append(message)
            }
        }
        if !pending.isEmpty { moved.append(ChatMessage(role: "user", content: pending.trimmed)) }
        messages = moved
    }

    func value(of message: ChatMessage) -> Value {
        var fields: OrderedDictionary<Value, Value> = ["role": .string(message.role)]
        if contentIsParts {
            fields["content"] = [["type": "text", "text": .string(message.content)]]
        } else if emptyContentIsNone, message.content.isEmpty, !message.calls.isEmpty {
            fields["content"] = Value.none
        } else {
            fields["content"] = .string(message.content)
        }
        if let reasoning = message.reasoning, !reasoning.isEmpty, let field = reasoningField {
            fields[.string(field)] = .string(reasoning)
        }
        if !message.calls.isEmpty { fields["tool_calls"] = .list(message.calls.map(value)) }
        if let id = message.callID { fields["tool_call_id"] = .string(id) }
        if let name = message.name { fields["name"] = .string(name) }
        return .dictionary(fields)
    }

    private func value(of call: ChatToolCall) -> Value {
        let arguments = call.arguments.isEmpty ? "{}" : call.arguments
        let object = argumentsAreText ? nil : try? Value(json: arguments)
        return [
            "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": object ?? .string(arguments)],
        ]
    }

    func hasReasoning(_ message: Value) -> Bool {
        guard let field = reasoningField, case .dictionary(let fields) = message else { return false }
        return fields[.string(field)] != nil
    }

    func withoutReasoning(_ message: Value) -> Value {
        guard let field = reasoningField, case .dictionary(var fields) = message else { return message }
        fields[.string(field)] = nil
        return .dictionary(fields)
    }

    /// Tells a model of tools whose template does not; in Hermes's words, which many models were trained with.
    private static func prose(_ tools: [ChatTool]) -> String {
        let list = tools.map { $0.value.json() ?? "" }.joined(separator: "\n")
        return """
            # Tools

            You may call one or more functions to assist with the user query.

            You are provided with function signatures within <tools></tools> XML tags:
            <tools>
            \(list)
            </tools>

            For each function call, return a json object with function name and arguments within \
            <tool_call></tool_call> XML tags:
            <tool_call>
            {"name": <function-name>, "arguments": <args-json-object>}
            </tool_call>
            """
    }
}

extension OutputFormat {
    /// A call as the model would write it, for templates that leave calls out: they know two ways.
    fileprivate func text(of call: ChatToolCall) -> String {
        let arguments = call.arguments.isEmpty ? "{}" : call.arguments
        if case .pythonic(let span) = calls, case .dictionary(let items)? = try? Value(json: arguments) {
            let list = items.map { "\($0.text ?? "")=\($1.json() ?? "")" }.joined(separator: ", ")
            return "\(span.begin)[\(call.name)(\(list))]\(span.end)"
        }
        guard case .json(let json) = calls, let begin = json.begins.first else {
            return "<tool_call>\n{\"name\": \"\(call.name)\", \"arguments\": \(arguments)}\n</tool_call>"
        }
        let name = json.nameKey ?? "name"
        let object = "{\"\(name)\": \"\(call.name)\", \"\(json.argumentsKey)\": \(arguments)}"
        return "\(begin)\n\(object)\n\(json.ends.first ?? "")"
    }
}

extension Value {
    fileprivate func setting(_ key: String, _ value: Value) -> Value {
        guard case .dictionary(var items) = self else { return self }
        items[.string(key)] = value
        return .dictionary(items)
    }
}
