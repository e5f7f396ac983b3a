public import Tokenization

/// A model that clients may name.
public struct ServedModel: Sendable {
    public var name: String
    /// Seconds since 1970 at which the model file was written.
    public var created: Int
    /// The most tokens of prompt and output together.
    public var contextLength: Int
    public var tokenizer: any Tokenizer
    /// The file's chat template, absent in base models.
    public var chatTemplate: ChatTemplate?

    public init(
        name: String, created: Int, contextLength: Int, tokenizer: any Tokenizer, chatTemplate: ChatTemplate?
    ) {
        self.name = name
        self.created = created
        self.contextLength = contextLength
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
    }
}
