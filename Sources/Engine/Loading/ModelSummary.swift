package import Chat
package import GGUF
import Quantities

/// What a model file holds, as far as it says, whether or not it can be run.
package struct ModelSummary: Sendable, Encodable {
    /// The tensors of one type.
    package struct TypeShare: Sendable, Hashable, Encodable {
        package var type: String
        package var tensors: Int
        package var bytes: Int
    }

    /// A number that layers have in common, or one for each.
    package enum PerLayer: Sendable, Hashable, Encodable {
        case same(Int)
        case each([Int])

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .same(let number): try container.encode(number)
            case .each(let numbers): try container.encode(numbers)
            }
        }
    }

    package let architecture: String
    package let name: String?
    package let files: Int
    package let fileBytes: Int
    package let parameters: Int
    /// Those that take most in front.
    package let types: [TypeShare]
    package let layers: Int?
    package let embeddingLength: Int?
    package let heads: PerLayer?
    package let kvHeads: PerLayer?
    package let headSize: Int?
    package let contextLength: Int?
    package let vocabularySize: Int?
    /// `gpt2 llama-bpe`: the kind, and how it finds words.
    package let tokenizer: String?
    package let chatTemplate: ChatTemplateFeatures?
    /// Why the file's chat template is of no use.
    package let chatTemplateFault: String?
    /// Of templates for one purpose: `tool_use`.
    package let otherChatTemplates: [String]
    /// Why the model cannot be run; `nil` where it can.
    package let obstacle: String?

    /// - Throws: `GGUFError` where the file does not say its architecture. What else is missing or odd is left out.
    package init(_ file: GGUFFile) throws(GGUFError) {
        let metadata = file.metadata
        let architecture = try metadata.string("general.architecture")
        func number(_ key: String) -> Int? { metadata.number(architecture + "." + key) }
        func perLayer(_ key: String) -> PerLayer? { metadata.perLayer(architecture + "." + key) }
        self.architecture = architecture
        name = try? metadata.stringIfPresent("general.name")
        files = file.files.count
        fileBytes = file.byteCount
        parameters = file.parameterCount
        types = Self.types(file)
        layers = number("block_count").map { $0 - (number("nextn_predict_layers") ?? 0) }
        embeddingLength = number("embedding_length")
        heads = perLayer("attention.head_count")
        kvHeads = perLayer("attention.head_count_kv") ?? heads
        var size = number("attention.key_length")
        if size == nil, let embeddingLength, case .same(let heads) = heads, heads > 0 { size = embeddingLength / heads }
        headSize = size
        contextLength = number("context_length")
        vocabularySize = file.tensorIfPresent("token_embd.weight")?.shape.last
        let words = ["model", "pre"].compactMap { try? metadata.stringIfPresent("tokenizer.ggml.\($0)") }
        tokenizer = words.isEmpty ? nil : words.joined(separator: " ")
        let template = Self.template(metadata)
        chatTemplate = (try? template?.get())?.features
        if case .failure(let fault) = template {
            chatTemplateFault = fault.description
        } else {
            chatTemplateFault = nil
        }
        let prefix = "tokenizer.chat_template."
        otherChatTemplates = metadata.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        do {
            _ = try ModelFile(file)
            obstacle = nil
        } catch { obstacle = "\(error)" }
    }

    static func types(_ file: GGUFFile) -> [TypeShare] {
        Dictionary(grouping: file.tensors, by: \.type)
            .map { type, tensors in
                TypeShare(type: type.name, tensors: tensors.count, bytes: tensors.reduce(0) { $0 + $1.byteCount })
            }
            .sorted { ($1.bytes, $0.type) < ($0.bytes, $1.type) }
    }

    /// The chat template with the texts of the tokens as they stand, as no tokenizer may be able to read them.
    private static func template(_ metadata: GGUFMetadata) -> Result<ChatTemplate, ChatTemplateError>? {
        guard let source = try? metadata.stringIfPresent("tokenizer.chat_template") else { return nil }
        let tokens = (try? metadata.stringsIfPresent("tokenizer.ggml.tokens")) ?? []
        func text(_ role: String) -> String {
            let token = metadata.number("tokenizer.ggml.\(role)_token_id")
            return token.flatMap { tokens.indices.contains($0) ? tokens[$0] : nil } ?? ""
        }
        return Result { () throws(ChatTemplateError) in
            try ChatTemplate(source: source, beginningOfText: text("bos"), endOfText: text("eos"))
        }
    }
}

extension GGUFFile {
    var parameterCount: Int { tensors.reduce(0) { $0 + $1.layout.rowCount * $1.layout.rowLength } }
}

extension GGUFMetadata {
    /// The number of `key`, if it is there and one that a model may have.
    fileprivate func number(_ key: String) -> Int? { try? integerIfPresent(key, in: 0...(1 << 30)) }

    fileprivate func perLayer(_ key: String) -> ModelSummary.PerLayer? {
        if let number = number(key) { return .same(number) }
        guard let numbers = try? integersIfPresent(key), numbers.allSatisfy({ 0...(1 << 20) ~= $0 }) else { return nil }
        return Set(numbers).count == 1 ? .same(numbers[0]) : .each(numbers)
    }
}
