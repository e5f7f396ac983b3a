package import Tokenization

/// A model that clients may name.
package struct ServedModel: Sendable {
    package var name: String
    /// Seconds since 1970 at which the model file was written.
    package var created: Int
    /// The most tokens of prompt and output together.
    package var contextLength: Int
    package var tokenizer: any Tokenizer
    /// The file's chat template, absent in base models.
    package var chatTemplate: ChatTemplate?

    package init(
        name: String, created: Int, contextLength: Int, tokenizer: any Tokenizer, chatTemplate: ChatTemplate?
    ) {
        self.name = name
        self.created = created
        self.contextLength = contextLength
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
    }
}
