package import GGUF
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

extension Vocabulary {
    /// The vocabulary that a model file carries.
    ///
    /// - Throws: `GGUFError` when a key is missing or of another type.
    package init(_ metadata: GGUFMetadata) throws(GGUFError) {
        func token(_ name: String) throws(GGUFError) -> TokenID? {
            try metadata.integerIfPresent("tokenizer.ggml.\(name)_token_id", in: 0...Int(TokenID.max)).map(TokenID.init)
        }
        self.init(
            model: try metadata.string("tokenizer.ggml.model"),
            pre: try metadata.stringIfPresent("tokenizer.ggml.pre") ?? "default",
            tokens: try metadata.strings("tokenizer.ggml.tokens"),
            types: try metadata.integersIfPresent("tokenizer.ggml.token_type")?.map { Int32(truncatingIfNeeded: $0) }
                ?? [],
            merges: try metadata.stringsIfPresent("tokenizer.ggml.merges") ?? [],
            beginningOfText: try token("bos"), endOfText: try token("eos"), endOfTurn: try token("eot"),
            unknown: try token("unknown"), padding: try token("padding"),
            addsBeginning: try metadata.boolIfPresent("tokenizer.ggml.add_bos_token"))
    }
}

/// What kind of token an entry of a vocabulary is, by the numbers of `tokenizer.ggml.token_type`.
package enum TokenType: Int32, Sendable {
    case normal = 1
    case unknown = 2
    /// Steers the model and is no text: `<|im_start|>`.
    case control = 3
    /// Text that is never merged or split.
    case userDefined = 4
    case unused = 5
    /// One byte, spelt `<0x0A>`.
    case byte = 6
}
