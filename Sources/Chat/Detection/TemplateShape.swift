import Jinja
import OrderedCollections

/// How a template wants messages and tools, as rendering has shown.
struct TemplateShape: Sendable, Hashable {
    /// Where tools are put.
    enum ToolPlace: Sendable, Hashable {
        /// A list under this name.
        case list(String)
        /// JSON text in the system message: Phi 4.
        case systemMessage
        /// The template knows no tools: they are told of in the system message's text.
        case prose
    }

    private(set) var features = ChatTemplateFeatures(systemMessage: true, tools: false, enableThinking: false)
    /// The template fails unless it is told the date.
    private(set) var needsDate = false
    private(set) var toolPlace = ToolPlace.prose
    /// What stands for no tools.
    private(set) var noTools = Value.none
    /// Arguments of calls are JSON text, and not objects.
    private(set) var argumentsAreText = false
    /// Calls of earlier turns appear in the prompt.
    private(set) var rendersCalls = false
    private(set) var rendersResults = false
    /// The content of a message with calls and no text is none, and not empty.
    private(set) var emptyContentIsNone = false
    /// The content is a list of parts.
    private(set) var contentIsParts = false
    /// The field of a message that reasoning is read from; `nil` where the template leaves it out.
    private(set) var reasoningField: String?

    init(_ template: TemplateText) {
        typealias Mark = TemplateTrial.Mark
        func shows(_ marks: [String], _ messages: [Value], _ options: [String: Value] = [:]) -> Bool {
            guard let text = probe(template, messages, options) else { return false }
            return marks.allSatisfy(text.contains)
        }
        let question = TemplateTrial.question
        needsDate =
            probe(template, [question], now: nil) == nil
            && probe(template, [question], now: TemplateTrial.anyDay) != nil
        let parts: Value = ["role": "user", "content": [["type": "text", "text": .string(Mark.question)]]]
        contentIsParts = !shows([Mark.question], [question]) && shows([Mark.question], [parts])

        func message(_ message: ChatMessage) -> Value { value(of: message) }
        let user = message(ChatMessage(role: "user", content: Mark.question))
        let system = message(ChatMessage(role: "system", content: Mark.system))
        // Templates for calls alone go through the tools even where there are none.
        if probe(template, [user]) == nil, probe(template, [user], ["tools": []]) != nil { noTools = [] }
        features.systemMessage = shows([Mark.system], [system, user], ["tools": noTools])
        features.enableThinking =
            probe(template, [user], ["enable_thinking": true]) != probe(template, [user], ["enable_thinking": false])

        let tool = TemplateTrial.tools[0]
        let places: [ToolPlace] = [.list("tools"), .list("xml_tools"), .systemMessage]
        for place in places {
            toolPlace = place
            let withTools = messages(
                ChatPrompt([ChatMessage(role: "user", content: Mark.question)], tools: [tool]), .init())
            let plain = [message(ChatMessage(role: "system", content: "Be brief."))] + withTools
            let found = [withTools, plain].contains { shows([tool.name], $0, values(of: [tool])) }
            if found { break }
            toolPlace = .prose
        }
        features.tools = toolPlace != .prose
        findCalls(template, user)
        reasoningField = ["reasoning_content", "thinking", "reasoning"].first { field in
            var answer = ChatMessage(role: "assistant", content: Mark.content)
            answer.reasoning = Mark.reasoning
            reasoningField = field
            let text = probe(template, [user, message(answer)], addsGenerationPrompt: false)
            return text?.contains(Mark.reasoning) == true
        }
    }

    private mutating func findCalls(_ template: TemplateText, _ user: Value) {
        typealias Mark = TemplateTrial.Mark
        let call = TemplateTrial.calls(1)
        let result = ChatMessage(role: "tool", content: Mark.content, callID: Mark.ids[0], name: Mark.names[0])
        for (isText, isNone) in [(false, false), (true, false), (false, true), (true, true)] {
            (argumentsAreText, emptyContentIsNone) = (isText, isNone)
            let options = values(of: TemplateTrial.tools)
            let text = probe(template, [user, value(of: call)], options, addsGenerationPrompt: false)
            guard let text, let question = text.ranges(of: Mark.question).last else { continue }
            let answer = text[question.upperBound...]
            // Python's way to write an object is none that a model is to learn.
            rendersCalls =
                answer.contains(Mark.text) && answer.contains(Mark.names[0]) && !answer.contains("'\(Mark.keys[0])':")
            if rendersCalls { break }
        }
        if !rendersCalls { (argumentsAreText, emptyContentIsNone) = (false, false) }
        let before = rendersCalls ? call : ChatMessage(role: "assistant", content: "Wait.")
        let text = probe(template, [user, value(of: before), value(of: result)], values(of: TemplateTrial.tools))
        rendersResults = text?.contains(Mark.content) == true
    }

    private func probe(
        _ template: TemplateText, _ messages: [Value], _ options: [String: Value] = [:],
        now: DateTime? = TemplateTrial.anyDay, addsGenerationPrompt: Bool = true
    ) -> String? {
        try? template.render(messages, addsGenerationPrompt: addsGenerationPrompt, others: options, now: now)
    }
}
