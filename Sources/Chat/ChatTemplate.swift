package import Jinja

/// A model file's chat template, ready to be rendered, and what rendering it on trial has shown.
package struct ChatTemplate: Sendable {
    package let source: String
    /// How the model's answers are to be read.
    package let format: OutputFormat
    /// What the template makes of messages, and how it wants them.
    let shape: TemplateShape
    private let template: TemplateText

    /// - Throws: `ChatTemplateError` when the template does not parse.
    package init(source: String, beginningOfText: String, endOfText: String) throws(ChatTemplateError) {
        self.source = source
        do throws(JinjaError) {
            template = try TemplateText(source, beginningOfText: beginningOfText, endOfText: endOfText)
            let trial = TemplateTrial(
                try TemplateText(
                    source, beginningOfText: beginningOfText, endOfText: endOfText, limits: TemplateTrial.limits))
            shape = trial.shape
            format = OutputFormat(source: source, trial: trial)
        } catch {
            throw ChatTemplateError("the chat template does not parse: \(error)")
        }
    }

    package var features: ChatTemplateFeatures { shape.features }

    /// The prompt for a conversation, up to where the assistant's turn begins.
    ///
    /// - Throws: `ChatTemplateError` when the template refuses the messages or exceeds a limit.
    package func render(_ prompt: ChatPrompt) throws(ChatTemplateError) -> String {
        do throws(JinjaError) {
            let messages = shape.messages(prompt, format)
            do throws(JinjaError) {
                return try template.render(messages, prompt, shape)
            } catch  where messages.contains(where: shape.hasReasoning) {
                // Reasoning of earlier turns is no loss; gpt-oss takes none beside the text of a call.
                return try template.render(messages.map(shape.withoutReasoning), prompt, shape)
            }
        } catch {
            let reason = error.kind == .raised ? error.message : "the chat template fails: \(error)"
            throw ChatTemplateError(reason)
        }
    }
}

/// What a prompt is made of.
package struct ChatPrompt: Sendable {
    package var messages: [ChatMessage]
    package var tools: [ChatTool]
    /// Values for the template by name, such as `enable_thinking`.
    package var options: [String: Value]
    /// Whether the assistant's turn is begun.
    package var addsGenerationPrompt: Bool
    /// What templates are told that ask for today's date; without it they fall back to a date of their own, and those
    /// that have none fail.
    package var now: DateTime?

    package init(
        _ messages: [ChatMessage], tools: [ChatTool] = [], options: [String: Value] = [:],
        addsGenerationPrompt: Bool = true, now: DateTime? = nil
    ) {
        self.messages = messages
        self.tools = tools
        self.options = options
        self.addsGenerationPrompt = addsGenerationPrompt
        self.now = now
    }
}

/// A parsed template with the texts of the tokens that it asks for.
struct TemplateText: Sendable {
    private let template: Template
    private let beginningOfText: String
    private let endOfText: String

    init(
        _ source: String, beginningOfText: String, endOfText: String, limits: Limits = .default
    ) throws(JinjaError) {
        template = try Template(source, limits: limits)
        self.beginningOfText = beginningOfText
        self.endOfText = endOfText
    }

    /// - Parameter others: values by name, beside the usual ones or in their place.
    func render(
        _ messages: [Value], addsGenerationPrompt: Bool, others: [String: Value] = [:], now: DateTime?
    ) throws(JinjaError) -> String {
        let context: [String: Value] = [
            "messages": .list(messages),
            "add_generation_prompt": .boolean(addsGenerationPrompt),
            "bos_token": .string(beginningOfText),
            "eos_token": .string(endOfText),
            // Present but none, as `transformers` passes them.
            "tools": .none,
            "documents": .none,
        ]
        return try template.render(context.merging(others) { $1 }, now: now)
    }

    func render(_ messages: [Value], _ prompt: ChatPrompt, _ shape: TemplateShape) throws(JinjaError) -> String {
        try render(
            messages, addsGenerationPrompt: prompt.addsGenerationPrompt,
            others: shape.values(of: prompt.tools).merging(prompt.options) { $1 },
            now: shape.needsDate ? prompt.now : nil)
    }
}

/// Why a template gave no prompt; the text is fit for a client.
package struct ChatTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
