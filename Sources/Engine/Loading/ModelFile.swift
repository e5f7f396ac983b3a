import Foundation
public import GGUF
public import Tokenization
public import Transformer

/// A model file, opened: what is known of it before any weight is loaded.
public struct ModelFile: Sendable {
    public let gguf: GGUFFile
    public let configuration: LlamaConfiguration
    public let tokenizer: any Tokenizer
    public let chatTemplate: ChatTemplate?
    /// Seconds since 1970 at which the file was written.
    public let created: Int

    /// - Throws: `ModelError`, `GGUFError`, `TokenizerError`, `ChatTemplateError`.
    public init(path: String) throws {
        gguf = try GGUFFile(path: path)
        configuration = try LlamaConfiguration(gguf)
        let vocabulary = try Vocabulary(gguf.metadata)
        let tokenizer = try BytePairTokenizer(vocabulary)
        guard tokenizer.vocabularySize == configuration.vocabularySize else {
            throw ModelError.unsupported(
                model: configuration.name,
                reason: "\(tokenizer.vocabularySize) tokens but \(configuration.vocabularySize) embeddings")
        }
        func text(_ token: TokenID?) -> String {
            token.map { String(decoding: tokenizer.bytes(of: $0, rendersSpecial: true), as: UTF8.self) } ?? ""
        }
        chatTemplate = try gguf.metadata.stringIfPresent("tokenizer.chat_template").map {
            try ChatTemplate(
                source: $0, beginningOfText: text(vocabulary.beginningOfText), endOfText: text(vocabulary.endOfText))
        }
        self.tokenizer = tokenizer
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        created = Int((attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0)
    }
}
