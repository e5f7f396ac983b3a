/// What a chat template makes use of, as rendering it shows; nobody reads its text, which may name what it ignores.
package struct ChatTemplateFeatures: Sendable, Hashable, Encodable {
    /// It puts a system message into the prompt.
    package var systemMessage: Bool
    /// It tells the model of tools.
    package var tools: Bool
    /// `enable_thinking` changes the prompt.
    package var enableThinking: Bool
}
