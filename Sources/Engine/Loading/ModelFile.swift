package import Chat
import Foundation
package import GGUF
import Quantities
package import Tokenization
package import Transformer

/// A model file, opened: what is known of it before any weight is loaded.
package struct ModelFile: Sendable {
    package let gguf: GGUFFile
    package let network: Network
    package let tokenizer: any Tokenizer
    package let chatTemplate: ChatTemplate?
    /// See `ServedModel`.
    package let rankTemplate: String?
    /// Seconds since 1970 at which the file was written.
    package let created: Int
    package let details: ModelDetails

    /// - Throws: `ModelError`, `GGUFError`, `TokenizerError`, `ChatTemplateError`.
    package init(path: String) throws { try self.init(GGUFFile(path: path)) }

    /// - Throws: `ModelError`, `GGUFError`, `TokenizerError`, `ChatTemplateError`.
    package init(_ gguf: GGUFFile) throws {
        self.gguf = gguf
        network = try Network(gguf)
        let vocabulary = try Vocabulary(gguf.metadata)
        let tokenizer = try VocabularyTokenizer(vocabulary)
        guard tokenizer.vocabularySize == network.vocabularySize else {
            throw ModelError.unsupported(
                model: network.name,
                reason: "\(tokenizer.vocabularySize) tokens but \(network.vocabularySize) embeddings")
        }
        func text(_ token: TokenID?) -> String {
            token.map { String(decoding: tokenizer.bytes(of: $0, rendersSpecial: true), as: UTF8.self) } ?? ""
        }
        chatTemplate = try gguf.metadata.stringIfPresent("tokenizer.chat_template").map {
            try ChatTemplate(
                source: $0, beginningOfText: text(tokenizer.beginningOfText), endOfText: text(tokenizer.endOfText))
        }
        rankTemplate = try gguf.metadata.stringIfPresent("tokenizer.chat_template.rerank")
        self.tokenizer = tokenizer
        let attributes = try? FileManager.default.attributesOfItem(atPath: gguf.path)
        details = ModelDetails(
            architecture: try gguf.metadata.string("general.architecture"), parameters: gguf.parameterCount,
            type: ModelSummary.types(gguf).first?.type ?? "", fileBytes: gguf.byteCount,
            fillTokens: gguf.metadata.fillTokens(of: tokenizer.vocabularySize))
        created = Int((attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0)
    }

    package var purpose: ModelPurpose {
        guard let pooling = network.pooling else { return .generation }
        return pooling.result == .vector
            ? .embedding(dimensions: pooling.width(network.embeddingLength)) : .ranking
    }
}

extension GGUFMetadata {
    /// Under the names of today or the older ones; `nil` where one is missing, or is no token.
    fileprivate func fillTokens(of vocabularySize: Int) -> ModelDetails.FillTokens? {
        func token(_ names: String...) -> TokenID? {
            names.lazy.compactMap { name in
                (try? integerIfPresent("tokenizer.ggml.\(name)_token_id", in: 0...(vocabularySize - 1)))
                    .flatMap(\.self).map { TokenID($0) }
            }.first
        }
        guard let prefix = token("fim_pre", "prefix"), let suffix = token("fim_suf", "suffix"),
            let middle = token("fim_mid", "middle")
        else { return nil }
        return ModelDetails.FillTokens(prefix: prefix, suffix: suffix, middle: middle, file: token("fim_sep"))
    }
}
