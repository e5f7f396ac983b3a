package import GGUF
import Kernels
import Quantities

/// A family of models: how a network is read from metadata, and which tensors have names of their own.
///
/// Variation is data: a family starts with Llama's network (`FamilyFile.llama`) and says what is different.
struct Family: Sendable {
    /// `general.architecture`
    let architecture: String
    /// Where they are not Llama's.
    let tensorNames: [TensorName: String]
    let network: @Sendable (FamilyFile) throws(ModelError) -> Network

    init(
        _ architecture: String, tensorNames: [TensorName: String] = [:],
        network: @escaping @Sendable (FamilyFile) throws(ModelError) -> Network
    ) {
        self.architecture = architecture
        self.tensorNames = tensorNames
        self.network = network
    }

    /// All families, in the order in which they are told.
    static let all: [Family] = [
        .llama, .qwen2, .qwen2MoE, .qwen3, .qwen3MoE, .gemma2, .gemma3, .phi3, .mistral3, .granite, .graniteMoE,
        .smollm3, .olmo2, .gptOSS, .glm4, .cohere2, .lfm2, .qwen35, .qwen35MoE, .graniteHybrid, .bert, .nomicBERT,
        .gemmaEmbedding,
    ]

    /// - Throws: `ModelError.unsupportedArchitecture`, or `file` where the file has none.
    static func of(_ metadata: GGUFMetadata) throws(ModelError) -> Family {
        let architecture: String
        do throws(GGUFError) { architecture = try metadata.string("general.architecture") } catch {
            throw .file(error)
        }
        guard let family = all.first(where: { $0.architecture == architecture }) else {
            throw .unsupportedArchitecture(architecture)
        }
        return family
    }
}

extension Network {
    /// The architectures that there are families for.
    package static let architectures = Family.all.map(\.architecture)

    /// - Throws: `ModelError` where the file is of no known family, lacks a key, says what does not fit together, or
    ///   what its family would not heed.
    package init(_ file: GGUFFile) throws(ModelError) {
        try self.init(
            file.metadata, shapes: Dictionary(file.tensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { $1 }))
    }

    /// - Parameter shapes: of the tensors that a family looks at: those of the vocabulary, and what it need not have.
    /// - Throws: as `init(_:)`.
    package init(_ metadata: GGUFMetadata, shapes: [String: [Int]]) throws(ModelError) {
        let family = try Family.of(metadata)
        let keys = try FamilyFile(metadata, shapes, architecture: family.architecture)
        var network = try family.network(keys)
        network.pooling = try keys.pooling(readsAhead: network.readsAhead)
        // What is pooled has no output matrix.
        if network.pooling != nil { network.output.isTied = true }
        try keys.refuseUnread()
        try network.check(keys)
        self = network
    }

    /// What the file calls a tensor, without `.weight` or `.bias`.
    package func tensorName(_ name: TensorName, block: Int? = nil) -> String {
        let own = Family.all.first { $0.architecture == architecture }?.tensorNames[name]
        return (block.map { "blk.\($0)." } ?? "") + (own ?? name.rawValue)
    }

    /// What kernels and pages ask of any network.
    private func check(_ keys: FamilyFile) throws(ModelError) {
        try keys.require(embeddingLength % 4 == 0, "embeddings of \(embeddingLength), no multiple of 4")
        guard let heads else { throw keys.unsupported("no layer with attention") }
        for block in blocks {
            try keys.require(
                block.feedForward.width % 4 == 0, "a feed-forward length that is no multiple of 4")
            guard let own = block.attention else { continue }
            // Encoders' layers stand in the same pages.
            let isAlike = own.kvHeads == heads.kvHeads && own.headSize == heads.headSize
            try keys.require(isAlike || !readsAhead, "layers of different heads are not supported in encoders")
            try check(own, keys)
        }
    }

    private func check(_ heads: AttentionLayer, _ keys: FamilyFile) throws(ModelError) {
        let sizes = PageLayout.headSizes, size = heads.headSize
        try keys.require(
            sizes.contains(size), "head size \(size) is not one of \(sizes.map(String.init).joined(separator: ", "))")
        try keys.require(
            heads.heads % heads.kvHeads == 0, "\(heads.heads) heads cannot share \(heads.kvHeads) KV heads evenly")
        guard let rope = heads.rope else { return }
        try keys.require(
            rope.rotated <= size && rope.rotated % 2 == 0 && rope.paddedRotated <= size,
            "\(rope.rotated) rotated elements of \(size)")
        try keys.require(
            rope.temperature == nil || rope.paddedRotated == size, "a temperature of heads that turn in part")
    }
}
