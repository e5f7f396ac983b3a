import Engine
import Tokenization
import Transformer

extension ServedModel {
    /// Token ids as the engine takes them.
    /// - Throws: `APIError` that names the element of `field` outside of the vocabulary.
    func tokens(_ ids: [Int], field: String) throws(APIError) -> [Int32] {
        if let index = ids.firstIndex(where: { !(0..<tokenizer.vocabularySize).contains($0) }) {
            throw .invalid(
                "\(field)[\(index)]",
                "Token \(ids[index]) is outside of the vocabulary of "
                    + "\(tokenizer.vocabularySize) tokens.", code: "token_out_of_vocabulary")
        }
        return ids.map { Int32($0) }
    }
}

extension GenerationOptions {
    /// Checks what cannot be known before the model is.
    func check(against model: ServedModel) throws(APIError) {
        let size = model.tokenizer.vocabularySize
        if let token = sampling.logitBias.keys.first(where: { $0 >= size }) {
            throw .invalid(
                "logit_bias", "Token \(token) is outside of the vocabulary of \(size) tokens.",
                code: "token_out_of_vocabulary")
        }
    }
}
