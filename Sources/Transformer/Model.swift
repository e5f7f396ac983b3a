package import Compute
package import GGUF
package import Kernels
package import Quantities

/// A network on a device, with its weights and scratch memory: tokens in, logits out, or the last rows of a network
/// that pools them. Or on a mesh of devices, each with its shards of the weights and a pool of its own.
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
    /// How the devices of a mesh show each other what they compute.
    package let way: Exchange.Way
    /// The most texts of one batch, where they go whole into it.
    private let maxTexts: Int
    /// Of the keys and values of a pass: the same, or that of the pass's own pool.
    private let passShape: KVShape

    private let ranks: [Rank]
    /// Of a model on one device, where reading logits back takes long.
    private let candidates: CandidateLists?
    private let stride: Int
    private let head: PoolingHead?
    private let trialSlot: Int

    /// A device's part of the model.
    private struct Rank: Sendable {
        let pass: ForwardPass
        let inputs: StepInputs
        /// `[maxLogitRows][stride]`
        let results: HostArray<Float>
        /// The numbers of each row that the device computes.
        let columns: [Range<Int>]
        /// Whether the first device has to be given these.
        let isApart: Bool
        let kernels: PendingKernels
    }

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
    ///   - weights: of each rank, on the device of its kernels or on the device that this is a part of.
    ///   - pools: of each rank, alike.
    ///   - way: how devices show each other what they compute; by default whichever is found to be faster.
    ///   - progress: called with how many kernels of how many are compiled, from several threads.
    /// - Throws: `ComputeError`, `KVError`.
    package init(
        _ weights: [NetworkWeights], options: Options, pools: [KVPool], kernels: [KernelSet],
        way: Exchange.Way? = nil, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws {
        let network = weights[0].network, devices = kernels.map(\.device)
        precondition(weights.count == network.shards.ranks && pools.count == weights.count, "as many of each as ranks")
        try Self.refuseUnlike(devices, network)
        self.network = network
        trialSlot = pools[0].trialSlot
        kvShape = try Self.kvShape(network, type: options.kvType, pageBytes: pools[0].pageBytes)
        contextLength = weights[0].contextLength
        maxRows = options.maxRows
        maxLogitRows = options.maxLogitRows
        maxTexts = min(options.maxTexts ?? maxRows, maxRows)
        head = weights[0].head
        stride = network.pooling == nil ? (network.vocabularySize + 15) / 16 * 16 : network.embeddingLength
        let way = try way ?? (network.shards.count > 1 ? ShardExchanges.fastestWay(network, kernels) : .shared)
        self.way = way
        let results = try Self.results(count: maxLogitRows * stride, on: devices, way)
        let exchanges =
            network.shards.count > 1
            ? try ShardExchanges(network, rows: maxRows, on: devices, way: way) : nil
        var ranks: [Rank] = [], candidates: CandidateLists?
        var passShape = kvShape
        for (rank, weights) in weights.enumerated() {
            let set = kernels[rank]
            let (shape, pool, isOwn) = try Self.passPool(
                network, options, kvShape, pools[rank], texts: maxTexts, on: set.device)
            passShape = shape
            let inputs = try StepInputs(
                network, rows: maxRows, logitRows: maxLogitRows, pool: pool, isOwn: isOwn, on: set.device)
            let (pass, pending) = try set.gather { [stride] () throws(ComputeError) in
                if kernels.count == 1, CandidateLists.areUseful(on: set.device, network) {
                    candidates = try CandidateLists(
                        logits: results[rank].buffer, rows: options.maxLogitRows, stride: stride,
                        vocabulary: network.vocabularySize, set)
                }
                return try ForwardPass(
                    weights, kv: shape, inputs: inputs, pool: pool, maxRows: options.maxRows,
                    results: results[rank].buffer, logitRows: options.maxLogitRows, stride: stride,
                    exchanges: exchanges, kernels: set)
            }
            ranks.append(
                Rank(
                    pass: pass, inputs: inputs, results: results[rank], columns: weights.output.map(\.columns),
                    isApart: rank > 0 && way != .shared,
                    kernels: pending))
            let all = kernels.count
            try pending.compileFirst { progress(rank * $1 + $0, all * $1) }
        }
        self.ranks = ranks
        self.candidates = candidates
        self.passShape = passShape
    }

    /// Each device of a mesh chooses experts on its own, all of them the same.
    private static func refuseUnlike(_ devices: [any Device], _ network: Network) throws(ModelError) {
        let mesh = Mesh(devices)
        guard network.blocks.contains(where: { $0.feedForward.mixture != nil }), !mesh.roundsAlike else { return }
        throw .unsupported(
            model: network.name,
            reason: "its experts cannot be divided among devices of different kinds, which round differently and may "
                + "choose others for a row: \(mesh.name)")
    }

    /// Where each device writes logits: in one memory where all see it.
    private static func results(
        count: Int, on devices: [any Device], _ way: Exchange.Way
    ) throws(ComputeError) -> [HostArray<Float>] {
        guard way == .shared else {
            return try devices.map { device throws(ComputeError) in
                try HostArray(Float.self, count: count, access: .download, label: "results", on: device)
            }
        }
        let memory = try SharedBuffer(
            byteCount: max(16, 4 * count), access: .download, label: "results", on: devices)
        return try devices.map { device throws(ComputeError) in
            try HostArray(Float.self, count: count, in: memory[device], of: device)
        }
    }

    /// A model on one device.
    package convenience init(
        _ weights: NetworkWeights, options: Options, pool: KVPool, kernels: KernelSet,
        progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws {
        try self.init([weights], options: options, pools: [pool], kernels: [kernels], progress: progress)
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

    /// A model on whole devices.
    ///
    /// - Parameters:
    ///   - pools: of each device, alike.
    ///   - kernels: of each device.
    ///   - shards: into how many the network is cut; a multiple of the devices.
    ///   - cache: where packed weights are kept; `nil` keeps none.
    ///   - progress: called with the share that is loaded, 0 to 1.
    /// - Throws: `ModelError`, `GGUFError`, `ComputeError`, `KVError`.
    package convenience init(
        _ file: GGUFFile, options: Options, pools: [KVPool], kernels: [KernelSet], shards: Int = 1,
        way: Exchange.Way? = nil, cache: WeightCache? = nil, progress: (Double) -> Void = { _ in }
    ) throws {
        let ranks = kernels.count
        // Refused before anything is packed.
        _ = try Network(file).cut(into: shards, ranks: ranks)
        let widths = Set(kernels.map(\.limits.vectorWidth)).sorted()
        let packed = try widths.enumerated().map { index, width in
            try PackedWeights(file, vectorWidth: width, shards: shards, cache: cache) {
                progress((Double(index) + $0) / Double(widths.count))
            }
        }
        let length = try Self.contextLength(
            packed[0].network.cut(into: shards, ranks: ranks), options: options, pool: pools[0])
        let weights = try kernels.enumerated().map { rank, kernels in
            try NetworkWeights(
                packed.form(for: kernels.device), contextLength: length, rank: rank, of: ranks, on: kernels.device)
        }
        try self.init(weights, options: options, pools: pools, kernels: kernels, way: way)
        for kernels in kernels { kernels.keep() }
    }

    /// A model on one whole device.
    package convenience init(
        _ file: GGUFFile, options: Options, pool: KVPool, kernels: KernelSet, cache: WeightCache? = nil,
        progress: (Double) -> Void = { _ in }
    ) throws {
        try self.init(
            file, options: options, pools: [pool], kernels: [kernels], cache: cache, progress: progress)
    }

    /// Runs one batch on `lane`; afterwards the keys and values of its rows are in the pool, and `withLogits` lends the
    /// logits, or `withOutput` the rows. Texts of a network that reads ahead are whole, and leave nothing in the pool.
    ///
    /// - Returns: the seconds that the device was at work, where it can tell.
    @discardableResult
    package func forward(_ batch: Batch, on lane: any Lane) throws(ComputeError) -> Double? {
        precondition(ranks.count == 1, "a model on several devices runs on a lane of each")
        write(batch)
        return try lane.run { commands throws(ComputeError) in encode(0, 0, batch, commands) }
    }

    /// The same on all devices of a mesh.
    @discardableResult
    package func forward(_ batch: Batch, on mesh: MeshLane) throws(ComputeError) -> Double? {
        precondition(mesh.lanes.count == ranks.count, "a lane of each device")
        if ranks.count == 1 { return try forward(batch, on: mesh.lanes[0]) }
        write(batch)
        let seconds = try mesh.run(parts: ranks[0].pass.parts.count) { rank, part, commands in
            self.encode(rank, part, batch, commands)
        }
        for rank in ranks[1...] where rank.isApart {
            for row in 0..<batch.logitRows.count {
                for columns in rank.columns {
                    let range = row * stride + columns.lowerBound..<row * stride + columns.upperBound
                    ranks[0].results.copy(range, from: rank.results)
                }
            }
        }
        return seconds
    }

    private func write(_ batch: Batch) {
        precondition(batch.rowCount <= maxRows && batch.logitRows.count <= maxLogitRows, "batch too large")
        precondition(!network.readsAhead || batch.pieces <= maxTexts, "too many texts")
        precondition(findsCandidates || batch.queries.allSatisfy { $0 == nil }, "logits of this model are read")
        for rank in ranks { rank.inputs.write(batch, passShape) }
        candidates?.write(batch)
    }

    private func encode(_ rank: Int, _ part: Int, _ batch: Batch, _ commands: any Commands) {
        let (own, isLast) = (ranks[rank], part == ranks[rank].pass.parts.count - 1)
        if part == 0 {
            own.inputs.upload(batch, passShape, commands)
            candidates?.upload(batch, commands)
        }
        own.pass.encode(part, commands, batch)
        guard isLast else { return }
        guard let candidates, batch.queries.contains(where: { $0 != nil }) else {
            return own.results.download(0..<batch.logitRows.count * stride, commands)
        }
        candidates.encode(batch, commands)
        for (index, query) in batch.queries.enumerated() where query == nil { readBack(index, commands) }
    }

    private func readBack(_ index: Int, _ commands: any Commands) {
        ranks[0].results.download(index * stride..<(index + 1) * stride, commands)
    }

    /// Whether a batch may ask for the likeliest tokens of a row, in place of its logits.
    package var findsCandidates: Bool { candidates != nil }

    /// Draws the next token of the `index`-th row with logits of the last batch; where what it asked for does not
    /// suffice, its logits are read back.
    package func draw(
        _ index: Int, asking query: CandidateQuery?, with sampler: inout Sampler, on mesh: MeshLane
    ) throws(ComputeError) -> Int32 {
        if let candidates, query != nil {
            if let found = candidates[index], let token = sampler.draw(found) { return token }
            try mesh.lanes[0].run { commands in readBack(index, commands) }
        }
        return withLogits(index) { sampler.draw($0) }
    }

    /// How often its devices meet in a pass.
    package var meetings: Int { ranks[0].pass.parts.count - 1 }

    /// The products that a pass is made of, on the first device.
    package var matrices: [ModelMatrix] { ranks[0].pass.matrices }

    /// Lends the logits `[vocabularySize]` of the `index`-th row whose logits the last batch asked for.
    package func withLogits<Result>(_ index: Int, _ body: (Span<Float>) -> Result) -> Result {
        precondition(network.pooling == nil, "a model that pools rows has no logits")
        return withOutput(index, body)
    }

    /// Lends what the last batch gave for the `index`-th row that was wanted: logits, or the row itself, normalised,
    /// `[embeddingLength]`.
    package func withOutput<Result>(_ index: Int, _ body: (Span<Float>) -> Result) -> Result {
        let start = index * stride, width = network.pooling == nil ? network.vocabularySize : network.embeddingLength
        return ranks[0].results.withElements(start..<start + width, body)
    }

    /// What a text becomes whose rows are pooled, `[Pooling.width]`. On the host: there is one row of each text.
    package func result(of rows: PooledRows) -> [Float] {
        guard let head else { preconditionFailure("the model pools no rows") }
        return head.result(of: rows)
    }

    /// Compiles the kernels that were left out, one after the other, while the model is at work: each makes batches of
    /// some sizes faster and changes no bit. Blocks for seconds; call it on a thread that has time.
    package func compileLater() throws(ComputeError) {
        for rank in ranks { try rank.kernels.compileLater() }
    }

    /// Compiles what was left out and runs every variant of every kernel once, so that whatever is measured then is at
    /// its full speed. Sequences may be at work on other lanes.
    package func warmUp(on lane: MeshLane) throws(ComputeError) {
        try compileLater()
        for rank in ranks { rank.kernels.keep() }
        for rows in Set(ranks.flatMap(\.pass.heights)).sorted() where rows <= maxRows {
            try forward(network.readsAhead ? trialTexts(rows) : trialRows(rows), on: lane)
        }
    }

    package func warmUp(on lane: any Lane) throws(ComputeError) {
        try warmUp(on: MeshLane([lane], name: "weft warming up"))
    }

    private func trialRows(_ rows: Int) -> Batch {
        var batch = Batch()
        for row in 0..<rows {
            batch.append(
                [0], slot: trialSlot, position: row % kvShape.tokensPerPage, wantsLogits: row < maxLogitRows,
                query: findsCandidates ? CandidateQuery(count: CandidateTokens.most, slope: 1) : nil)
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
