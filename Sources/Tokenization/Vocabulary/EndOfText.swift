import Quantities

/// Which tokens end a text.
enum EndOfText {
    /// Tokens that end a turn or a text by their name, whatever the metadata says. Source: llama.cpp.
    private static let names: Set<String> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
        "<turn|>", "<|endoftext|>", "</s>", "<eos>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
        "<|end_of_text|>", "<end_of_utterance>", "<｜end▁of▁sentence｜>", "<|tool_response>", "[e~[",
    ]

    /// The tokens of a vocabulary that end a text by their name.
    static func named(in vocabulary: Vocabulary, _ types: [TokenType]) -> [TokenID] {
        vocabulary.tokens.indices.filter { id in
            names.contains(vocabulary.tokens[id])
                // In the vocabularies of Gemma and Phi-3 this is a mark of HTML, and text.
                && (vocabulary.tokens[id] != "</s>" || types[id] == .control)
        }.map(TokenID.init)
    }

    /// All tokens that end a text, by role or by name.
    static func tokens(_ vocabulary: Vocabulary, endOfText: TokenID?, named: [TokenID]) -> Set<TokenID> {
        let roles = [endOfText, vocabulary.endOfTurn, vocabulary.endOfMessage]
        let tokens = Set(named).union(roles.compactMap(\.self))
        let texts = Set(tokens.map { vocabulary.tokens[Int($0)] })
        // In the vocabularies of gpt-oss and Solar `<|end|>` ends one message of several.
        let endIsNoEnd =
            texts.isSuperset(of: ["<|return|>", "<|call|>"]) || texts.isSuperset(of: ["<|calls|>", "<|flush|>"])
        return endIsNoEnd ? tokens.filter { vocabulary.tokens[Int($0)] != "<|end|>" } : tokens
    }
}
