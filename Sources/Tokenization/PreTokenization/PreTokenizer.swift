/// The rule that cuts text into words before their bytes are merged; no token crosses a word's border.
package enum PreTokenizer: Sendable, CaseIterable {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// Every `\p{N}` is a word of its own; what lies between is cut as by `gpt2`.
    case smollm
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|`
    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    case llama3
    /// As `llama3`, but every `\p{N}` is a word of its own.
    case qwen2

    /// - Parameter name: the value of `tokenizer.ggml.pre`; names of one rule are grouped as llama.cpp does.
    package init(named name: String) throws(TokenizerError) {
        switch name {
        case "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling": self = .gpt2
        case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b": self = .smollm
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2": self = .llama3
        case "qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez": self = .qwen2
        default: throw .unsupportedPreTokenizer(name)
        }
    }

    /// Whether a word that is a token is not merged from its bytes.
    var keepsWholeWords: Bool { self == .llama3 }

    /// Whether texts begin with the beginning-of-text token where the model file does not say.
    var addsBeginning: Bool { self == .llama3 }

    /// The words of `text[range]`, as ranges that follow one another without gaps.
    ///
    /// - Parameter text: valid UTF-8, and `range` on scalar borders.
    /// - Complexity: O(bytes) for the whole iteration.
    package func words(of text: [UInt8], in range: Range<Int>) -> WordIterator {
        WordIterator(rule: self, text: text, range: range)
    }
}
