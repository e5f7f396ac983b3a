import Jinja
import OrderedCollections

/// Renders a template with made-up turns, to see what it makes of them.
struct TemplateTrial {
    /// Chosen: real templates take a tenth of it for a short chat; a hostile one is done with in a few seconds.
    static let limits = Limits(steps: 100_000)

    /// What is looked for in what is rendered. None of a pair begins or ends like the other.
    enum Mark {
        static let question = "QUEST10N"
        static let content = "C0NTENT"
        static let reasoning = "TH0UGHT"
        static let system = "weft_marked_this"
        static let names = ["alpha_tool", "other_name"]
        /// As Mistral's templates insist: nine letters and digits.
        static let ids = ["idAAAAAA1", "xyBBBBBB2"]
        static let keys = ["colour", "weight"]
        static let (text, number) = ("V1RED", 4711)
    }

    let template: TemplateText
    let shape: TemplateShape

    init(_ template: TemplateText) {
        self.template = template
        shape = TemplateShape(template)
    }

    static let question: Value = ["role": "user", "content": .string(Mark.question)]
    static let tools = Mark.names.map { name in
        ChatTool(
            name: name, description: "Tells what it knows.",
            parameters: [
                "type": "object",
                "properties": [
                    .string(Mark.keys[0]): ["type": "string", "description": "A text."],
                    .string(Mark.keys[1]): ["type": "integer", "description": "A number."],
                ],
                "required": .list(Mark.keys.map(Value.string)),
            ])
    }

    /// What follows on a question, if the template takes it.
    func text(after turns: [Value] = [], addsGenerationPrompt: Bool = false, options: [String: Value] = [:]) -> String?
    {
        let prompt = ChatPrompt(
            [], tools: Self.tools, options: options, addsGenerationPrompt: addsGenerationPrompt, now: Self.anyDay)
        guard let text = try? template.render([Self.question] + turns, prompt, shape) else { return nil }
        return text.ranges(of: Mark.question).last.map { String(text[$0.upperBound...]) }
    }

    /// Any moment will do, for templates that fail without one.
    static let anyDay = DateTime(year: 2026, month: 1, day: 1)

    /// The prompt that an answer goes on with.
    var prompt: String? { text(addsGenerationPrompt: true) }

    /// An answer that is text, before and behind its content.
    var answer: (before: String, behind: String)? {
        guard let text = text(after: [shape.value(of: ChatMessage(role: "assistant", content: Mark.content))]) else {
            return nil
        }
        return text.around(Mark.content)
    }

    /// An answer with reasoning: before it, between it and the content.
    var reasoning: (before: String, between: String)? {
        let message = ChatMessage(role: "assistant", content: Mark.content, reasoning: Mark.reasoning)
        guard let text = text(after: [shape.value(of: message)]), let (before, rest) = text.around(Mark.reasoning),
            let (between, _) = rest.around(Mark.content)
        else { return nil }
        return (before, between)
    }

    /// An answer that is one call or two; the first has both arguments.
    func calls(_ count: Int) -> String? {
        guard shape.rendersCalls else { return nil }
        return text(after: [shape.value(of: Self.calls(count))])
    }

    static func calls(_ count: Int) -> ChatMessage {
        let arguments = Value.dictionary([
            .string(Mark.keys[0]): .string(Mark.text), .string(Mark.keys[1]): .integer(Mark.number),
        ])
        let calls = (0..<count).map {
            ChatToolCall(id: Mark.ids[$0], name: Mark.names[$0], arguments: arguments.json() ?? "")
        }
        return ChatMessage(role: "assistant", content: "", calls: calls)
    }
}

extension String {
    /// What stands before and behind the first place of `mark`.
    func around(_ mark: String) -> (before: String, behind: String)? {
        firstRange(of: mark).map { (String(self[..<$0.lowerBound]), String(self[$0.upperBound...])) }
    }
}
