import Quantities

/// Cuts the special tokens out of a text before anything else sees it.
///
/// Of tokens that begin at one place the longest is taken, and of places the first, as Hugging Face's tokenizers do.
struct SpecialTokens: Sendable {
    enum Part {
        case text(Range<Int>)
        case token(TokenID)
    }

    /// The longest special token in bytes, so that a hostile vocabulary cannot make the search quadratic.
    static let longest = 1024

    private let all: ByteTrie
    private let userDefined: ByteTrie
    /// Tokens that take the white space before them, or after them, along.
    private let strippingBefore: Set<TokenID>
    private let strippingAfter: Set<TokenID>

    init(_ vocabulary: Vocabulary, _ tokens: CheckedVocabulary) {
        func trie(_ isMember: (TokenType) -> Bool) -> ByteTrie {
            ByteTrie(
                tokens.types.indices.filter { isMember(tokens.types[$0]) }.map { (tokens.texts[$0], Int32($0)) })
        }
        all = trie(\.isSpecial)
        userDefined = trie { $0 == .userDefined }
        let name = vocabulary.modelName.lowercased()
        var (before, after): (Set<TokenID>, Set<TokenID>) = ([], [])
        // The files do not tell; the names are those that llama.cpp goes by.
        if name.contains("phi-3") || name.contains("phi3") {
            let kept: Set<String> = ["<unk>", "<s>", "<|endoftext|>"]
            after = Set(
                tokens.types.indices.filter { tokens.types[$0].isSpecial && !kept.contains(vocabulary.tokens[$0]) }
                    .map(TokenID.init))
        } else if let mask = Self.strippingMask(vocabulary, name), let id = tokens.index.token(of: mask) {
            before = [id]
        }
        (strippingBefore, strippingAfter) = (before, after)
    }

    private static func strippingMask(_ vocabulary: Vocabulary, _ name: String) -> String? {
        if ["nomic-bert-moe", "jina-bert-v3"].contains(vocabulary.architecture) { return "<mask>" }
        if ["jina-v2-de", "jina-v2-es", "jina-v2-code", "roberta-bpe"].contains(vocabulary.pre) { return "<mask>" }
        return name.contains("modern-bert") ? "[MASK]" : nil
    }

    /// The parts of a text; none is empty, and special tokens stand between those of text.
    ///
    /// - Parameter parsesSpecial: whether control and unknown tokens are cut out too. User-defined ones always are.
    /// - Complexity: O(bytes · longest special token), close to O(bytes).
    func parts(of text: [UInt8], parsesSpecial: Bool) -> [Part] {
        let tokens = parsesSpecial ? all : userDefined
        if tokens.isEmpty { return text.isEmpty ? [] : [.text(text.indices)] }
        var parts: [Part] = []
        var start = 0
        var position = 0
        while position < text.count {
            guard let (token, end) = tokens.longestMatch(in: text, position..<text.count) else {
                position += 1
                continue
            }
            var stop = position
            if strippingBefore.contains(token) {
                while stop > start, Self.isWhitespace(text[stop - 1]) { stop -= 1 }
            }
            if start < stop { parts.append(.text(start..<stop)) }
            parts.append(.token(token))
            position = end
            if strippingAfter.contains(token) {
                while position < text.count, Self.isWhitespace(text[position]) { position += 1 }
            }
            start = position
        }
        if start < text.count { parts.append(.text(start..<text.count)) }
        return parts
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }
}
