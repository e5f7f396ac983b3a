package import Quantities

/// A model's vocabulary as plain values, just as its file states them; nothing in here has been checked.
package struct Vocabulary: Sendable, Hashable {
    /// The family of tokenizer: `gpt2` is byte-level byte-pair encoding.
    package var model: String
    /// The rule that cuts text into words, `smollm` for one.
    package var pre: String
    /// The text of each token, spelt in the byte alphabet where the token is a normal one.
    package var tokens: [String]
    /// The kind of each token by the file's number (`TokenType`), or empty when all are normal.
    package var types: [Int32]
    /// Pairs of tokens that become one, `left right`, the most urgent first.
    package var merges: [String]
    package var beginningOfText: TokenID?
    package var endOfText: TokenID?
    package var endOfTurn: TokenID?
    package var unknown: TokenID?
    package var padding: TokenID?
    /// Whether texts begin with `beginningOfText`; nil leaves it to the custom of `pre`.
    package var addsBeginning: Bool?

    package init(
        model: String, pre: String, tokens: [String], types: [Int32] = [], merges: [String],
        beginningOfText: TokenID? = nil, endOfText: TokenID? = nil, endOfTurn: TokenID? = nil,
        unknown: TokenID? = nil, padding: TokenID? = nil, addsBeginning: Bool? = nil
    ) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
        self.types = types
        self.merges = merges
        self.beginningOfText = beginningOfText
        self.endOfText = endOfText
        self.endOfTurn = endOfTurn
        self.unknown = unknown
        self.padding = padding
        self.addsBeginning = addsBeginning
    }
}
