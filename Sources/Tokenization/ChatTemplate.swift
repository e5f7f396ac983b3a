package import Jinja

/// A model file's chat template, ready to be rendered.
package struct ChatTemplate: Sendable {
    package let source: String
    private let template: Template
    private let beginningOfText: String
    private let endOfText: String

    /// - Throws: `ChatTemplateError` when the template does not parse.
    package init(source: String, beginningOfText: String, endOfText: String) throws(ChatTemplateError) {
        self.source = source
        self.beginningOfText = beginningOfText
        self.endOfText = endOfText
        do throws(JinjaError) {
            template = try Template(source)
        } catch {
            throw ChatTemplateError("the chat template does not parse: \(error)")
        }
    }

    /// The prompt for a conversation, up to where the assistant's turn begins.
    ///
    /// - Parameter now: what a template that asks for today's date is told; without it the template falls back to a
    ///   date of its own.
    /// - Throws: `ChatTemplateError` when the template refuses the messages or exceeds a limit.
    package func render(
        _ messages: [ChatMessage], addsGenerationPrompt: Bool, now: DateTime? = nil
    ) throws(ChatTemplateError) -> String {
        do throws(JinjaError) {
            return try text(messages, addsGenerationPrompt: addsGenerationPrompt, now: now)
        } catch {
            let reason = error.kind == .raised ? error.message : "the chat template fails: \(error)"
            throw ChatTemplateError(reason)
        }
    }

    /// - Parameter others: values by name, beside the usual ones or in their place.
    func text(
        _ messages: [ChatMessage], addsGenerationPrompt: Bool, others: [String: Value] = [:], now: DateTime?
    ) throws(JinjaError) -> String {
        let context: [String: Value] = [
            "messages": .list(messages.map { ["role": .string($0.role), "content": .string($0.content)] }),
            "add_generation_prompt": .boolean(addsGenerationPrompt),
            "bos_token": .string(beginningOfText),
            "eos_token": .string(endOfText),
            // Present but none, as `transformers` passes them.
            "tools": .none,
            "documents": .none,
        ]
        return try template.render(context.merging(others) { $1 }, now: now)
    }
}

/// One turn of a conversation.
package struct ChatMessage: Sendable, Hashable {
    /// `system`, `user`, `assistant`, or what else the model's template knows.
    package var role: String
    package var content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// Why a template gave no prompt; the text is fit for a client.
package struct ChatTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
