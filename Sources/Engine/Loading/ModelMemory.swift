package import Compute
package import GGUF
package import Quantities
import Transformer

/// What a model takes of a device's memory: its weights, and a share of the pool.
package struct ModelMemory: Sendable {
    /// Where a model stands, or does not.
    package struct Fit: Sendable, Encodable {
        package var device: String
        package var name: String
        package var memoryBytes: Int
        /// Of these as many as nobody has taken.
        package var availableBytes: Int
        /// As the device's kernels read them; as the file has them where no kernels do.
        package var weightBytes: Int
        /// Why weights and pool do not fit; `nil` where they do.
        package var obstacle: String?
    }

    /// What the pool holds.
    package struct Pool: Sendable, Encodable {
        package var bytes: Int
        /// Tokens of a sequence.
        package var context: Int
        /// How many of them fit at once.
        package var sequences: Int
        /// Tokens of all sequences together.
        package var tokens: Int
    }

    private let file: GGUFFile
    private let shape: KVShape?
    package let kvType: KVType
    /// Of all layers. Of a model that cannot be run the most that it may need: some layers may keep less.
    package let kvBytesPerToken: Int?
    /// What recurrent layers keep of a sequence, however long it is; `nil` of a model that cannot be run.
    package var stateBytes: Int? { shape.map { $0.statePages * $0.page.pageBytes } }

    package init(_ file: GGUFFile, _ summary: ModelSummary, kvType: KVType) {
        self.file = file
        self.kvType = kvType
        let network = try? Network(file)
        shape = network.flatMap { try? Model.kvShape($0, type: kvType) }
        kvBytesPerToken = shape.map(\.bytesPerToken) ?? Self.most(summary, kvType)
    }

    private static func most(_ summary: ModelSummary, _ type: KVType) -> Int? {
        guard let size = summary.headSize, let layers = summary.layers, let heads = summary.kvHeads,
            let page = try? PageLayout(type: type, headSize: size)
        else { return nil }
        switch heads {
        case .same(let heads): return layers * heads * page.bytesPerToken
        case .each(let heads): return heads.prefix(layers).reduce(0, +) * page.bytesPerToken
        }
    }

    /// - Returns: `nil` for a model that keeps nothing, or does not say what.
    package func pool(bytes: Int, context: Int) -> Pool? {
        guard let kvBytesPerToken, kvBytesPerToken > 0, context > 0 else { return nil }
        guard let shape else {
            let tokens = bytes / kvBytesPerToken
            return Pool(bytes: bytes, context: context, sequences: tokens / context, tokens: tokens)
        }
        let pages = bytes / shape.page.pageBytes
        let most = shape.mostPages(for: context, chunk: ModelConfiguration.defaultChunk)
        // Where windowed layers keep the last tokens only, or each sequence has a state, it depends on the sequences
        // how many fit.
        let isEven = shape.window == nil && shape.statePages == 0
        let tokens = isEven ? shape.tokens(in: pages) : pages * context / most
        return Pool(bytes: bytes, context: context, sequences: pages / most, tokens: tokens)
    }

    /// Whether the device could load the model beside a pool, as a unit decides it.
    package func fit(on device: any Device, pool: Int) -> Fit {
        let description = device.description
        let stored = file.tensors.reduce(0) { $0 + $1.byteCount }
        let weights = (try? PackedWeights.byteCount(of: file, vectorWidth: device.limits.vectorWidth)) ?? stored
        var fit = Fit(
            device: description.selector, name: description.name, memoryBytes: description.memoryByteCount,
            availableBytes: device.availableBytes, weightBytes: weights)
        let budget = MemoryBudget(Mesh(device))
        do throws(ConfigurationError) {
            try budget.check(pool: pool)
            let room = budget.weightBytes(besidePool: pool)
            if weights > room { fit.obstacle = "\(room >> 20) MB are left for weights of \(weights >> 20) MB" }
        } catch { fit.obstacle = "\(error)" }
        return fit
    }
}
