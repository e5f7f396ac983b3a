/// A text cut into tags, white space and words, so that two texts can be compared without cutting through a tag.
struct MarkupPieces: Equatable {
    private(set) var pieces: ArraySlice<Substring>

    /// Tags are `<…>`, and `[…]` of capitals. What is open at the end, as `<function=`, is a tag too.
    init(_ text: some StringProtocol) {
        var pieces: [Substring] = []
        var rest = Substring(text)
        while let first = rest.first {
            let length: Int
            if first == "<" {
                let tail = rest.dropFirst().prefix { $0 != "<" && $0 != ">" }
                length = tail.count + 1 + (rest.dropFirst(tail.count + 1).first == ">" ? 1 : 0)
            } else if first == "[", let end = rest.firstIndex(of: "]"), Self.isTagName(rest[..<end].dropFirst()) {
                length = rest[...end].count
            } else if first.isWhitespace {
                length = rest.prefix(while: \.isWhitespace).count
            } else {
                length = max(1, rest.prefix { $0 != "<" && $0 != "[" && !$0.isWhitespace }.count)
            }
            pieces.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        self.pieces = pieces[...]
    }

    private init(_ pieces: ArraySlice<Substring>) { self.pieces = pieces }

    private static func isTagName(_ text: Substring) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isUppercase || $0 == "_" || $0 == "/" || $0 == " " }
    }

    /// The text without white space at its ends.
    var text: String { pieces.joined().trimmed }

    var isBlank: Bool { text.isEmpty }

    /// The pieces that are tags.
    var tags: [String] { pieces.filter { $0.first == "<" || ($0.first == "[" && $0.count > 1) }.map(String.init) }

    func commonPrefix(_ other: MarkupPieces) -> MarkupPieces {
        MarkupPieces(pieces.prefix(zip(pieces, other.pieces).prefix { $0 == $1 }.count))
    }

    func commonSuffix(_ other: MarkupPieces) -> MarkupPieces {
        MarkupPieces(pieces.suffix(zip(pieces.reversed(), other.pieces.reversed()).prefix { $0 == $1 }.count))
    }

    /// Without so much at the beginning as `other` has.
    func dropping(prefix other: MarkupPieces) -> MarkupPieces {
        MarkupPieces(pieces.dropFirst(commonPrefix(other).pieces.count))
    }

    func dropping(suffix other: MarkupPieces) -> MarkupPieces {
        MarkupPieces(pieces.dropLast(commonSuffix(other).pieces.count))
    }

    /// Without these pieces, wherever they stand.
    func removing(_ texts: some Collection<String>) -> MarkupPieces {
        MarkupPieces(pieces.filter { piece in !texts.contains { $0 == piece } }[...])
    }

    /// What stands before the first of these tags.
    func before(_ tags: [String]) -> MarkupPieces {
        MarkupPieces(pieces.prefix { piece in !tags.contains { $0 == piece } })
    }

    /// Cut before each tag: a tag with the words behind it.
    var runs: [String] {
        var runs: [String] = []
        for piece in pieces {
            if piece.first == "<" || runs.isEmpty { runs.append(String(piece)) } else { runs[runs.count - 1] += piece }
        }
        return runs.map(\.trimmed).filter { !$0.isEmpty }
    }
}
