import Quantities
import Tokenization

/// The vocabulary of SmolLM2-135M-Instruct.
enum SmolLM2 {
    private struct Rest: Decodable {
        let model: String
        let pre: String
        let beginningOfText: TokenID
        let endOfText: TokenID
        let unknown: TokenID
        let padding: TokenID
        let addsBeginning: Bool
        let control: [Int]
        let chatTemplate: String
    }

    private static let rest = Result { try Resources.json("smollm2-vocabulary.json", as: Rest.self) }
    private static let loaded = Result { try VocabularyTokenizer(vocabulary) }

    static var tokenizer: VocabularyTokenizer { get throws { try loaded.get() } }

    static var chatTemplate: String { get throws { try rest.get().chatTemplate } }

    static var vocabulary: Vocabulary {
        get throws {
            let rest = try rest.get()
            let tokens = try Resources.lines("smollm2-tokens.txt")
            var types = Array(repeating: TokenType.normal.rawValue, count: tokens.count)
            for token in rest.control { types[token] = TokenType.control.rawValue }
            return Vocabulary(
                model: rest.model, pre: rest.pre, tokens: tokens, types: types,
                merges: try Resources.lines("smollm2-merges.txt"), beginningOfText: rest.beginningOfText,
                endOfText: rest.endOfText, unknown: rest.unknown, padding: rest.padding,
                addsBeginning: rest.addsBeginning)
        }
    }
}
