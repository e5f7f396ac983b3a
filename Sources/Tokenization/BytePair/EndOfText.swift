import Quantities

/// Which tokens end a text.
enum EndOfText {
    /// Names by which control tokens end a turn or a text, whatever the metadata says. Source: llama.cpp.
    private static let names: Set<String> = [
        "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|return|>",
        "<|call|>", "<end_of_turn>", "<end_of_utterance>", "<EOT>", "_<EOT>", "</s>",
    ]

    static func tokens(of vocabulary: Vocabulary, _ types: [TokenType]) -> Set<TokenID> {
        var tokens = Set([vocabulary.endOfText, vocabulary.endOfTurn].compactMap(\.self))
        for (id, type) in types.enumerated() where type == .control && names.contains(vocabulary.tokens[id]) {
            tokens.insert(TokenID(id))
        }
        return tokens
    }
}
