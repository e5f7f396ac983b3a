package import GGUF
import Quantities

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
