package import Compute
package import GGUF
package import Kernels
package import Quantities

/// A network on a device, with its weights and scratch memory: tokens in, logits out, or the last rows of a network
/// that pools them.
///
/// One forward pass at a time, from the thread of its lane.
package final class Model: Sendable {
    package let network: Network
    /// The most tokens of one sequence.
    package let contextLength: Int
    /// The most rows of one batch.
    package let maxRows: Int
    /// The most rows of one batch whose logits are wanted, or that are wanted themselves.
    package let maxLogitRows: Int
    package let kvShape: KVShape
    /// The most texts of one batch, where they go whole into it.
    private let maxTexts: Int
    /// Of the keys and values of a pass: the same, or that of the pass's own pool.
    private let passShape: KVShape

    private let pass: ForwardPass
    private let inputs: StepInputs
    /// `[maxLogitRows][stride]`
    private let results: HostArray<Float>
    private let stride: Int
    private let head: PoolingHead?
    private let pool: KVPool
    private let kernels: PendingKernels

    package struct Options: Sendable {
        package var contextLength: Int?
        /// The most rows of a batch. Chosen, as what follows, for who has no scheduler: scratch memory grows with them.
        package var maxRows = 512
        package var maxLogitRows = 64
        /// The most rows of one sequence in a batch, of who has a scheduler: the pool is then asked how long a sequence
        /// can become. Without it, there is a page for every sequence.
        package var chunk: Int?
        /// The most texts of a batch, where they go whole into it; `nil` for as many as it has rows.
        package var maxTexts: Int?
        package var kvType = KVType.f16

        package init() {}
    }

    /// The shape in which the model's keys and values will stand, before anything is loaded.
    package static func kvShape(
        _ network: Network, type: KVType, pageBytes: Int = PageLayout.defaultPageBytes
    ) throws(KVError) -> KVShape {
        if network.readsAhead { return try .withoutPages(pageBytes: pageBytes) }
        return try KVShape(
            heads: network.kvHeads, type: type, pageBytes: pageBytes, window: network.kvWindow,
            statePages: network.statePages(pageBytes).count)
    }

    /// The most tokens of one sequence: what is asked for, as far as file and pool permit, and the rows of a pass where
    /// it goes whole into one.
    package static func contextLength(
        _ network: Network, options: Options, pool: KVPool
    ) throws(KVError) -> Int {
        let shape = try kvShape(network, type: options.kvType, pageBytes: pool.pageBytes)
        let addressable = shape.tokens(in: pool.pagesPerSequence)
        let held = options.chunk.map { shape.mostTokens(in: pool.pageCount, chunk: $0) } ?? addressable
        let rows = network.readsAhead ? options.maxRows : Int.max
        return min(options.contextLength ?? network.contextLength, network.contextLength, addressable, held, rows)
    }

    /// Compiles the kernels that a first token needs; blocks for seconds. They are not kept for later starts yet.
    ///
    /// - Parameters:
    ///   - weights: of the device of `kernels`, or of the device that it is a part of.
    ///   - progress: called with how many kernels of how many are compiled, from several threads.
    /// - Throws: `ComputeError`, `KVError`.
    package init(
        _ weights: NetworkWeights, options: Options, pool: KVPool, kernels: KernelSet,
        progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws {
        let network = weights.network
        self.network = network
        self.pool = pool
        let device = kernels.device
        kvShape = try Self.kvShape(network, type: options.kvType, pageBytes: pool.pageBytes)
        contextLength = weights.contextLength
        maxRows = options.maxRows
        maxLogitRows = options.maxLogitRows
        maxTexts = min(options.maxTexts ?? maxRows, maxRows)
        head = weights.head
        let (shape, pool, isOwn) = try Self.passPool(network, options, kvShape, pool, texts: maxTexts, on: device)
        passShape = shape
        let inputs = try StepInputs(
            network, rows: maxRows, logitRows: maxLogitRows, pool: pool, isOwn: isOwn, on: device)
        self.inputs = inputs
        stride = network.pooling == nil ? (network.vocabularySize + 15) / 16 * 16 : network.embeddingLength
        let results = try HostArray(
            Float.self, count: maxLogitRows * stride, access: .download, label: "results", on: device)
        self.results = results
        (pass, self.kernels) = try kernels.gather { [stride] () throws(ComputeError) in
            try ForwardPass(
                weights, kv: shape, inputs: inputs, pool: pool, maxRows: options.maxRows, results: results.buffer,
                logitRows: options.maxLogitRows, stride: stride, kernels: kernels)
        }
        try self.kernels.compileFirst(progress: progress)
    }

    /// Where a pass finds keys and values: in the unit's pool; or, of texts that go whole into it, in pages of its own,
    /// one set of them for all layers.
    private static func passPool(
        _ network: Network, _ options: Options, _ shape: KVShape, _ pool: KVPool, texts: Int, on device: any Device
    ) throws -> (shape: KVShape, pool: KVPool, isOwn: Bool) {
        guard network.readsAhead else { return (shape, pool, false) }
        let shape = try KVShape(heads: network.kvHeads, type: options.kvType, pageBytes: pool.pageBytes)
        // Every text may begin a block that it does not fill.
        let blocks = shape.blocks(for: options.maxRows) + texts
        let own = try KVPool.ofPass(
            pages: blocks * shape.pagesPerBlock, pageBytes: pool.pageBytes, on: device)
        return (shape, own, true)
    }

    /// A model on one whole device.
    ///
    /// - Parameters:
    ///   - cache: where packed weights are kept; `nil` keeps none.
    ///   - progress: called with the share that is loaded, 0 to 1.
    /// - Throws: `ModelError`, `GGUFError`, `ComputeError`, `KVError`.
    package convenience init(
        _ file: GGUFFile, options: Options, pool: KVPool, kernels: KernelSet, cache: WeightCache? = nil,
        progress: (Double) -> Void = { _ in }
    ) throws {
        let packed = try PackedWeights(
            file, vectorWidth: kernels.limits.vectorWidth, cache: cache, progress: progress)
        let length = try Self.contextLength(packed.network, options: options, pool: pool)
        let weights = try NetworkWeights(packed, contextLength: length, on: kernels.device)
        try self.init(weights, options: options, pool: pool, kernels: kernels)
        kernels.keep()
    }

    /// Runs one batch on `lane`; afterwards the keys and values of its rows are in the pool, and `withLogits` lends the
    /// logits, or `withOutput` the rows. Texts of a network that reads ahead are whole, and leave nothing in the pool.
    ///
    /// - Returns: the seconds that the device was at work, where it can tell.
    @discardableResult
    package func forward(_ batch: Batch, on lane: any Lane) throws(ComputeError) -> Double? {
        precondition(batch.rowCount <= maxRows && batch.logitRows.count <= maxLogitRows, "batch too large")
        precondition(!network.readsAhead || batch.pieces <= maxTexts, "too many texts")
        inputs.write(batch, passShape)
        return try lane.run { commands throws(ComputeError) in
            inputs.upload(batch, passShape, commands)
            pass.encode(commands, batch)
            results.download(0..<batch.logitRows.count * stride, commands)
        }
    }

    /// The products that a pass is made of.
    package var matrices: [ModelMatrix] { pass.matrices }

    /// Lends the logits `[vocabularySize]` of the `index`-th row whose logits the last batch asked for.
    package func withLogits<Result>(_ index: Int, _ body: (Span<Float>) -> Result) -> Result {
        precondition(network.pooling == nil, "a model that pools rows has no logits")
        return withOutput(index, body)
    }

    /// Lends what the last batch gave for the `index`-th row that was wanted: logits, or the row itself, normalised,
    /// `[embeddingLength]`.
    package func withOutput<Result>(_ index: Int, _ body: (Span<Float>) -> Result) -> Result {
        let start = index * stride, width = network.pooling == nil ? network.vocabularySize : network.embeddingLength
        return results.withElements(start..<start + width, body)
    }

    /// What a text becomes whose rows are pooled, `[Pooling.width]`. On the host: there is one row of each text.
    package func result(of rows: PooledRows) -> [Float] {
        guard let head else { preconditionFailure("the model pools no rows") }
        return head.result(of: rows)
    }

    /// Compiles the kernels that were left out, one after the other, while the model is at work: each makes batches of
    /// some sizes faster and changes no bit. Blocks for seconds; call it on a thread that has time.
    package func compileLater() throws(ComputeError) { try kernels.compileLater() }

    /// Compiles what was left out and runs every variant of every kernel once, so that whatever is measured then is at
    /// its full speed. Sequences may be at work on other lanes.
    package func warmUp(on lane: any Lane) throws(ComputeError) {
        try compileLater()
        kernels.keep()
        for rows in pass.heights where rows <= maxRows {
            try forward(network.readsAhead ? trialTexts(rows) : trialRows(rows), on: lane)
        }
    }

    private func trialRows(_ rows: Int) -> Batch {
        var batch = Batch()
        for row in 0..<rows {
            batch.append(
                [0], slot: pool.trialSlot, position: row % kvShape.tokensPerPage, wantsLogits: row < maxLogitRows)
        }
        return batch
    }

    private func trialTexts(_ rows: Int) -> Batch {
        var batch = Batch()
        while batch.rowCount < rows {
            let length = min(contextLength, rows - batch.rowCount)
            batch.append(repeatElement(0, count: length), slot: batch.pieces, position: 0, wantsLogits: true)
        }
        return batch
    }
}
