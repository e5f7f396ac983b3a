/// A model file's chat template, ready to be rendered.
public struct ChatTemplate: Sendable {
    public let source: String

    /// - Throws: `ChatTemplateError` when the template does not parse.
    public init(source: String, beginningOfText: String, endOfText: String) throws(ChatTemplateError) {
        self.source = source
    }

    /// The prompt for a conversation, up to where the assistant's turn begins.
    /// - Throws: `ChatTemplateError` when the template refuses the messages or exceeds a limit.
    public func render(_ messages: [ChatMessage], addsGenerationPrompt: Bool) throws(ChatTemplateError) -> String {
        messages.map(\.content).joined(separator: "\n")
    }
}

/// Why a template gave no prompt; the text is fit for a client.
public struct ChatTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
