package import Compute
package import GGUF
package import Kernels
package import Quantities

/// A network on a device, with its weights and scratch memory: tokens in, logits out.
///
/// One forward pass at a time, from the thread of its lane.
package final class Model: Sendable {
    package let network: Network
    /// The most tokens of one sequence.
    package let contextLength: Int
    /// The most rows of one batch.
    package let maxRows: Int
    /// The most rows of one batch whose logits are wanted.
    package let maxLogitRows: Int
    package let kvShape: KVShape

    private let pass: ForwardPass
    private let inputs: StepInputs
    private let logits: HostArray<Float>
    private let logitStride: Int
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
        package var kvType = KVType.f16

        package init() {}
    }

    /// The shape in which the model's keys and values will stand, before anything is loaded.
    package static func kvShape(
        _ network: Network, type: KVType, pageBytes: Int = PageLayout.defaultPageBytes
    ) throws(KVError) -> KVShape {
        guard let heads = network.heads else { preconditionFailure("a network without attention") }
        return try KVShape(
            layers: network.blocks.count { $0.attention != nil }, kvHeads: heads.kvHeads, headSize: heads.headSize,
            type: type, pageBytes: pageBytes, window: network.kvWindow,
            statePages: network.statePages(pageBytes).count)
    }

    /// The most tokens of one sequence: what is asked for, as far as file and pool permit.
    package static func contextLength(
        _ network: Network, options: Options, pool: KVPool
    ) throws(KVError) -> Int {
        let shape = try kvShape(network, type: options.kvType, pageBytes: pool.pageBytes)
        let addressable = shape.tokens(in: pool.pagesPerSequence)
        let held = options.chunk.map { shape.mostTokens(in: pool.pageCount, chunk: $0) } ?? addressable
        return min(options.contextLength ?? network.contextLength, network.contextLength, addressable, held)
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
        inputs = try StepInputs(
            network, rows: maxRows, logitRows: maxLogitRows, pool: pool, on: device)
        logitStride = (network.vocabularySize + 15) / 16 * 16
        logits = try HostArray(
            Float.self, count: maxLogitRows * logitStride, access: .download, label: "logits", on: device)
        let (inputs, kvShape, logits, logitStride) = (inputs, kvShape, logits, logitStride)
        (pass, self.kernels) = try kernels.gather { () throws(ComputeError) in
            try ForwardPass(
                weights, kv: kvShape, inputs: inputs, pool: pool, maxRows: options.maxRows, logits: logits.buffer,
                logitRows: options.maxLogitRows, logitStride: logitStride, kernels: kernels)
        }
        try self.kernels.compileFirst(progress: progress)
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
    /// logits.
    ///
    /// - Returns: the seconds that the device was at work, where it can tell.
    @discardableResult
    package func forward(_ batch: Batch, on lane: any Lane) throws(ComputeError) -> Double? {
        precondition(batch.rowCount <= maxRows && batch.logitRows.count <= maxLogitRows, "batch too large")
        inputs.write(batch, kvShape)
        return try lane.run { commands throws(ComputeError) in
            inputs.upload(batch, kvShape, commands)
            pass.encode(commands, batch)
            logits.download(0..<batch.logitRows.count * logitStride, commands)
        }
    }

    /// Lends the logits `[vocabularySize]` of the `index`-th row whose logits the last batch asked for.
    package func withLogits<Result>(_ index: Int, _ body: (Span<Float>) -> Result) -> Result {
        let start = index * logitStride
        return logits.withElements(start..<start + network.vocabularySize, body)
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
            var batch = Batch()
            for row in 0..<rows {
                batch.append(
                    [0], slot: pool.trialSlot, position: row % kvShape.tokensPerPage, wantsLogits: row < maxLogitRows)
            }
            try forward(batch, on: lane)
        }
    }
}
