package import Quantities

/// A random prompt of a wanted length, so that no two share a prefix that a cache could hold.
package enum Prompt: Hashable, Sendable, Encodable {
    case tokens([Int])
    case text(String)

    /// Ordinary tokens in all common vocabularies: special ones stand before or far behind.
    private static let tokenIDs = 1000...29_999

    /// - Parameters:
    ///   - length: Exact for token ids; about one word a token otherwise.
    package init(length: Int, asTokens: Bool, using random: inout SplitMix64) {
        self =
            asTokens
            ? .tokens((0..<length).map { _ in random.integer(in: Self.tokenIDs) })
            : .text(
                (0..<length).map { _ in Self.words[random.integer(in: 0...Self.words.count - 1)] }
                    .joined(separator: " "))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .tokens(let tokens): try container.encode(tokens)
        case .text(let text): try container.encode(text)
        }
    }

    /// Words that byte-pair vocabularies hold whole, with the space before them.
    private static let words = [
        "time", "people", "way", "water", "word", "day", "part", "sound", "work", "place", "year", "back", "thing",
        "name", "sentence", "man", "line", "form", "air", "house", "page", "letter", "point", "mother", "answer",
        "world", "food", "city", "tree", "farm", "story", "night", "life", "paper", "group", "music", "color", "sea",
        "list", "bird", "body", "family", "door", "product", "wind", "question", "ship", "area", "half", "rock",
        "order", "fire", "south", "problem", "piece", "king", "space", "hour", "step", "language", "field", "wood",
        "table", "road",
    ]
}

/// In which form an endpoint takes prompts and lengths.
package struct PromptForm: Hashable, Sendable, Codable {
    /// Prompts as token ids, which have an exact length.
    package var usesTokenIDs: Bool
    /// `ignore_eos` and `min_tokens`, by which outputs have an exact length.
    package var fixesOutputs: Bool

    package static let exact = PromptForm(usesTokenIDs: true, fixesOutputs: true)

    /// From the most exact form to what every endpoint takes.
    package static let all = [
        exact, PromptForm(usesTokenIDs: true, fixesOutputs: false),
        PromptForm(usesTokenIDs: false, fixesOutputs: true), PromptForm(usesTokenIDs: false, fixesOutputs: false),
    ]
}
