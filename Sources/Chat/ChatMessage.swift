package import Jinja
import OrderedCollections

/// One turn of a conversation.
package struct ChatMessage: Sendable, Hashable {
    /// `system`, `user`, `assistant`, `tool`, or what else the model's template knows.
    package var role: String
    package var content: String
    /// What the assistant thought before it said `content`.
    package var reasoning: String?
    /// What the assistant asked for.
    package var calls: [ChatToolCall]
    /// Of a result: the call that it answers.
    package var callID: String?
    /// Of a result: the tool; of others who speaks.
    package var name: String?

    package init(
        role: String, content: String, reasoning: String? = nil, calls: [ChatToolCall] = [], callID: String? = nil,
        name: String? = nil
    ) {
        self.role = role
        self.content = content
        self.reasoning = reasoning
        self.calls = calls
        self.callID = callID
        self.name = name
    }
}

/// A tool that the model asked to be run.
package struct ChatToolCall: Sendable, Hashable {
    package var id: String
    package var name: String
    /// A JSON object, as text; of a model that was cut off or wrong, less than one.
    package var arguments: String

    package init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// A tool that the model may ask to be run.
package struct ChatTool: Sendable, Hashable {
    package var name: String
    package var description: String?
    /// A JSON Schema of an object: the arguments by name.
    package var parameters: Value

    package init(name: String, description: String? = nil, parameters: Value = ["type": "object", "properties": [:]]) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }

    /// The tool as OpenAI's API writes it, which is what templates expect.
    var value: Value {
        let function: Value = [
            "name": .string(name), "description": .string(description ?? ""), "parameters": parameters,
        ]
        return ["type": "function", "function": function]
    }

    /// What the schema says of an argument; `none` where it says nothing.
    func schema(of argument: String) -> Value { parameters["properties"][argument] }
}

extension Value {
    /// The value of a key of a dictionary; `none` where there is none.
    subscript(key: String) -> Value {
        guard case .dictionary(let items) = self else { return .none }
        return items[.string(key)] ?? .none
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
}
