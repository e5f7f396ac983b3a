/// A byte-level BPE vocabulary just large enough to tokenise any text.
///
/// Three special tokens, the 256 bytes in GPT-2's alphabet, results of a few merges, and fillers up to the wanted size.
struct TinyVocabulary {
    static let minimumSize = 259

    let tokens: [String]
    let merges: [String]

    /// - Precondition: `size` is at least `minimumSize`.
    init(size: Int) {
        precondition(size >= Self.minimumSize, "a byte-level vocabulary has at least \(Self.minimumSize) tokens")
        let pairs = Self.pairs.prefix(size - Self.minimumSize)
        var tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        tokens += (0...255).map { String(Self.character(of: $0)) }
        tokens += pairs.map { $0 + $1 }
        tokens += (0..<size - tokens.count).map { "filler\($0)" }
        self.tokens = tokens
        merges = pairs.map { "\($0) \($1)" }
    }

    /// Adds what tokenizers read to the metadata of a model file.
    func describe(in metadata: inout GGUFMetadata) {
        let (normal, control): (Int32, Int32) = (1, 3)
        metadata["tokenizer.ggml.model"] = .string("gpt2")
        metadata["tokenizer.ggml.pre"] = .string("smollm")
        metadata["tokenizer.ggml.tokens"] = .array(.string(tokens))
        metadata["tokenizer.ggml.token_type"] = .array(.int32(tokens.indices.map { $0 < 3 ? control : normal }))
        metadata["tokenizer.ggml.merges"] = .array(.string(merges))
        metadata["tokenizer.ggml.bos_token_id"] = .uint32(1)
        metadata["tokenizer.ggml.eos_token_id"] = .uint32(2)
        metadata["tokenizer.ggml.unknown_token_id"] = .uint32(0)
        metadata["tokenizer.ggml.padding_token_id"] = .uint32(2)
        metadata["tokenizer.ggml.add_bos_token"] = .bool(false)
        metadata["tokenizer.ggml.add_space_prefix"] = .bool(false)
        metadata["tokenizer.chat_template"] = .string(Self.chatTemplate)
    }

    /// The character that stands for a byte: itself if it is printable Latin-1, else the next free one from U+0100.
    ///
    /// Source: Radford et al. 2019, `bytes_to_unicode`.
    private static func character(of byte: UInt8) -> Unicode.Scalar {
        switch byte {
        case 33...126, 161...172, 174...255: Unicode.Scalar(byte)
        case 0...32: Unicode.Scalar(0x100 + UInt16(byte)) ?? "\u{fffd}"
        case 127...160: Unicode.Scalar(0x121 + UInt16(byte - 127)) ?? "\u{fffd}"
        default: "\u{143}"
        }
    }

    /// Frequent pairs of English; each part is a byte or an earlier result. `Ġ` is the space.
    private static let pairs: [(String, String)] = [
        ("Ġ", "t"), ("Ġ", "a"), ("h", "e"), ("i", "n"), ("r", "e"), ("o", "n"), ("Ġt", "he"), ("e", "r"),
        ("Ġ", "s"),
        ("o", "u"), ("a", "t"), ("Ġa", "n"), ("Ġan", "d"), ("l", "l"), ("Ġ", "w"), ("i", "s"), ("in", "g"),
        ("he", "ll"), ("hell", "o"), ("Ġ", "Ġ"), ("ĠĠ", "ĠĠ"),
    ]

    private static let chatTemplate = #"""
        {% for message in messages %}\#
        {{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}\#
        {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """#
}
