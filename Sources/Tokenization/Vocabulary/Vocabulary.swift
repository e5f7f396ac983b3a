package import GGUF
package import Quantities

/// A model's vocabulary as plain values, just as its file states them; nothing in here has been checked.
package struct Vocabulary: Sendable, Hashable {
    /// The family of tokenizer: `gpt2` is byte-level byte-pair encoding (`VocabularyKind`).
    package var model: String
    /// The rule that cuts text into words, `smollm` for one; only byte-pair encoding has such rules.
    package var pre: String
    /// The text of each token, spelt in the byte alphabet where the token is a normal one of `gpt2`.
    package var tokens: [String]
    /// The kind of each token by the file's number (`TokenType`), or empty when all are normal.
    package var types: [Int32]
    /// Pairs of tokens that become one, `left right`, the most urgent first; for byte-pair encoding.
    package var merges: [String]
    /// How likely each token is, as a logarithm; for `llama` and `t5`.
    package var scores: [Float]

    package var beginningOfText: TokenID?
    package var endOfText: TokenID?
    package var endOfTurn: TokenID?
    package var endOfMessage: TokenID?
    package var unknown: TokenID?
    package var padding: TokenID?
    /// What `bert` begins a text with, where the file has no `beginningOfText`.
    package var classification: TokenID?
    package var separator: TokenID?

    /// Whether texts begin with `beginningOfText`; nil leaves it to the custom of the kind, or of `pre`.
    package var addsBeginning: Bool?
    package var addsEnd: Bool?
    /// Whether `separator` stands between two texts that are read as a pair, beside their ends.
    package var addsSeparator: Bool?
    /// Whether text begins with a space that is not its own.
    package var addsSpacePrefix: Bool?
    package var removesExtraWhitespace: Bool?
    /// The replacements that `t5` makes before all else, as SentencePiece compiled them (`CharacterMap`).
    package var characterMap: [UInt8] = []
    package var lowercases: Bool?
    package var stripsAccents: Bool?

    /// The names of the model and of its architecture. Some tokenizers have customs that no other key tells.
    package var modelName = ""
    package var architecture = ""

    package init(
        model: String, pre: String, tokens: [String], types: [Int32] = [], merges: [String] = [], scores: [Float] = [],
        beginningOfText: TokenID? = nil, endOfText: TokenID? = nil, endOfTurn: TokenID? = nil,
        unknown: TokenID? = nil, padding: TokenID? = nil, addsBeginning: Bool? = nil
    ) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
        self.types = types
        self.merges = merges
        self.scores = scores
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
        func flag(_ name: String) throws(GGUFError) -> Bool? { try metadata.boolIfPresent("tokenizer.ggml.\(name)") }
        self.init(
            model: try metadata.string("tokenizer.ggml.model"),
            pre: try metadata.stringIfPresent("tokenizer.ggml.pre") ?? "default",
            tokens: try metadata.strings("tokenizer.ggml.tokens"),
            types: try metadata.integersIfPresent("tokenizer.ggml.token_type")?.map { Int32(truncatingIfNeeded: $0) }
                ?? [],
            merges: try metadata.stringsIfPresent("tokenizer.ggml.merges") ?? [],
            scores: try metadata.floatsIfPresent("tokenizer.ggml.scores") ?? [],
            beginningOfText: try token("bos"), endOfText: try token("eos"), endOfTurn: try token("eot"),
            unknown: try token("unknown"), padding: try token("padding"), addsBeginning: try flag("add_bos_token"))
        endOfMessage = try token("eom")
        classification = try token("cls")
        // The key is spelt so.
        separator = try token("seperator")
        addsEnd = try flag("add_eos_token")
        addsSeparator = try flag("add_sep_token")
        addsSpacePrefix = try flag("add_space_prefix")
        removesExtraWhitespace = try flag("remove_extra_whitespaces")
        characterMap =
            try metadata.integersIfPresent("tokenizer.ggml.precompiled_charsmap")?.map {
                UInt8(truncatingIfNeeded: $0)
            } ?? []
        lowercases = try flag("normalizer.lowercase")
        stripsAccents = try flag("normalizer.strip_accents")
        modelName = try metadata.stringIfPresent("general.name") ?? ""
        architecture = try metadata.stringIfPresent("general.architecture") ?? ""
    }
}

extension Vocabulary {
    /// The scores, one a token, each a number.
    var checkedScores: [Float] {
        get throws(TokenizerError) {
            guard scores.count == tokens.count else { throw .scoreCount(tokens: tokens.count, scores: scores.count) }
            if let token = scores.firstIndex(where: { !$0.isFinite }) {
                throw .malformedScore(TokenID(token), scores[token])
            }
            return scores
        }
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

    /// Whether plain text becomes tokens of this type.
    var isPlain: Bool { self == .normal || self == .userDefined }

    /// Whether tokens of this type are cut out before the rest of a text is looked at.
    var isSpecial: Bool { self == .control || self == .userDefined || self == .unknown }
}
