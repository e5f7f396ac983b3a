import Jinja

/// What a chat template makes use of, as rendering it shows; nobody reads its text, which may name what it ignores.
package struct ChatTemplateFeatures: Sendable, Hashable, Encodable {
    /// It puts a system message into the prompt.
    package var systemMessage: Bool
    /// It tells the model of tools.
    package var tools: Bool
    /// `enable_thinking` changes the prompt.
    package var enableThinking: Bool
}

extension ChatTemplate {
    /// What must turn up in the prompt; no template has it in a text of its own.
    private static let mark = "weft_marked_this"
    private static let question = ChatMessage(role: "user", content: "How is the weather?")

    package var features: ChatTemplateFeatures {
        let system = ChatMessage(role: "system", content: Self.mark)
        let plain = ChatMessage(role: "system", content: "Be brief.")
        return ChatTemplateFeatures(
            systemMessage: shows([system, Self.question]),
            tools: shows([Self.question], Self.tools) || shows([plain, Self.question], Self.tools),
            enableThinking: probe([Self.question], ["enable_thinking": true])
                != probe([Self.question], ["enable_thinking": false]))
    }

    private func shows(_ messages: [ChatMessage], _ others: [String: Value] = [:]) -> Bool {
        probe(messages, others)?.contains(Self.mark) == true
    }

    /// The prompt; `nil` where the template refuses.
    private func probe(_ messages: [ChatMessage], _ others: [String: Value]) -> String? {
        // Any moment will do, for templates that fail without one.
        let now = DateTime(year: 2026, month: 1, day: 1)
        return try? text(messages, addsGenerationPrompt: true, others: others, now: now)
    }

    private static let tools: [String: Value] = [
        "tools": [
            [
                "type": "function",
                "function": [
                    "name": .string(mark), "description": "Tells the weather of a city.",
                    "parameters": [
                        "type": "object", "properties": ["city": ["type": "string", "description": "Its name."]],
                        "required": ["city"],
                    ],
                ],
            ]
        ]
    ]
}
