package import Compute
package import GGUF
package import KVCache
package import Kernels
import Quantities

/// A model with a pool of its own and a handful of sequences: for commands and tests that need no scheduler.
package struct SingleSequence {
    package let model: Model
    private let pools: [KVPool]
    private let lane: MeshLane
    private var pages: KVManager
    private let id: ModelID
    private var sequences: [BlockTableID] = []

    /// - Parameters:
    ///   - contextLength: the most tokens of a sequence that the model is made for.
    ///   - tokens: those that there is room for in each, where they are fewer.
    ///   - count: the sequences that are fed together.
    ///   - logitRows: the most logits that one pass gives, where it is not one for each sequence.
    ///   - pageBytes: the size of a page, where a test wants several of few tokens.
    ///   - kernels: of each device of a mesh, or of the one device.
    ///   - shards: into how many the network is cut; a multiple of the devices.
    ///   - way: how devices show each other what they compute; by default whichever is found to be faster.
    ///   - meetingDelay: what each meeting of the devices is to take longer.
    ///   - warmsUp: whether all kernels are compiled now, so that every pass is at its full speed.
    package init(
        _ file: GGUFFile, options: Model.Options, contextLength: Int, tokens: Int? = nil, count: Int = 1,
        logitRows: Int? = nil, pageBytes: Int = PageLayout.defaultPageBytes, kernels: [KernelSet], shards: Int = 1,
        way: Exchange.Way? = nil, meetingDelay: Duration = .zero, cache: WeightCache? = nil, warmsUp: Bool = true,
        progress: (Double) -> Void = { _ in }
    ) throws {
        let network = try Network(file).cut(into: shards, ranks: kernels.count)
        let shape = try Model.kvShape(network, type: options.kvType, pageBytes: pageBytes)
        let length = min(contextLength, network.contextLength)
        let pageCount = count * shape.mostPages(for: min(tokens ?? length, length), chunk: options.maxRows)
        pools = try kernels.map { kernels throws(ComputeError) in
            try KVPool(
                pageCount: pageCount, pageBytes: pageBytes, sequences: count,
                pagesPerSequence: max(1, shape.pages(for: length)), on: [kernels.device])
        }
        var options = options
        options.contextLength = length
        options.maxLogitRows = max(logitRows ?? count, 1)
        model = try Model(
            file, options: options, pools: pools, kernels: kernels, shards: shards, way: way, cache: cache,
            progress: progress)
        let lanes = try kernels.map { kernels throws(ComputeError) in try kernels.device.makeLane(label: "single") }
        lane = MeshLane(lanes, name: "weft single", delay: meetingDelay)
        if warmsUp { try model.warmUp(on: lane) }
        pages = KVManager(pages: pageCount, pageBytes: pageBytes)
        id = try pages.add(shape, weight: 1, chunk: options.maxRows)
        restart(count: count)
    }

    /// A model on one device.
    package init(
        _ file: GGUFFile, options: Model.Options, contextLength: Int, tokens: Int? = nil, count: Int = 1,
        logitRows: Int? = nil, pageBytes: Int = PageLayout.defaultPageBytes, kernels: KernelSet,
        cache: WeightCache? = nil, warmsUp: Bool = true, progress: (Double) -> Void = { _ in }
    ) throws {
        try self.init(
            file, options: options, contextLength: contextLength, tokens: tokens, count: count, logitRows: logitRows,
            pageBytes: pageBytes, kernels: [kernels], cache: cache, warmsUp: warmsUp, progress: progress)
    }

    /// What the pool's pages are used for.
    package var usage: PoolUsage { pages.usage }

    /// Forgets all tokens.
    package mutating func restart(count: Int = 1) {
        for sequence in sequences { pages.release(sequence) }
        sequences = (0..<count).map { pages.open(id, rank: SequenceRank(age: UInt64($0))) }
    }

    /// Appends `tokens` to every sequence, in pieces that fit one pass; the logits of the last token are then at hand.
    /// - Returns: the seconds that the device was at work, where it can tell.
    @discardableResult
    package mutating func feed(_ tokens: [Int32], at position: Int) throws(ComputeError) -> Double {
        try feed(tokens, at: position, asking: nil)
    }

    /// Appends `tokens` to the one sequence and draws the next one.
    package mutating func next(
        after tokens: [Int32], at position: Int, with sampler: inout Sampler
    ) throws(ComputeError) -> Int32 {
        let query = model.findsCandidates ? sampler.query : nil
        try feed(tokens, at: position, asking: query)
        return try model.draw(0, asking: query, with: &sampler, on: lane)
    }

    @discardableResult
    private mutating func feed(
        _ tokens: [Int32], at position: Int, asking query: CandidateQuery?
    ) throws(ComputeError) -> Double {
        var seconds = 0.0
        let width = max(1, model.maxRows / sequences.count)
        for start in stride(from: 0, to: tokens.count, by: width) {
            let piece = tokens[start..<min(tokens.count, start + width)]
            var batch = Batch()
            let logits = piece.endIndex == tokens.count ? Batch.Logits.ofLast : .none
            for sequence in sequences {
                append(piece, of: sequence, at: position + start, logits: logits, to: &batch)
            }
            seconds += try model.forward(batch.asking(query), on: lane) ?? 0
        }
        return seconds
    }

    /// Appends `tokens` to the one sequence and lends the logits `[vocabularySize]` after each, or their last rows
    /// `[embeddingLength]`. A text of a network that reads ahead goes whole into one pass.
    package mutating func feed(
        _ tokens: [Int32], at position: Int, logits body: (_ position: Int, Span<Float>) -> Void
    ) throws(ComputeError) {
        let width = min(model.maxRows, model.maxLogitRows)
        precondition(!model.network.readsAhead || tokens.count <= width, "a text too long for a pass")
        for start in stride(from: 0, to: tokens.count, by: width) {
            let piece = tokens[start..<min(tokens.count, start + width)]
            var batch = Batch()
            append(piece, of: sequences[0], at: position + start, logits: .ofAll, to: &batch)
            try model.forward(batch, on: lane)
            for index in 0..<piece.count {
                model.withOutput(index) { body(position + start + index, $0) }
            }
        }
    }

    private mutating func append(
        _ piece: ArraySlice<Int32>, of sequence: BlockTableID, at position: Int, logits: Batch.Logits,
        to batch: inout Batch
    ) {
        guard case .granted(let first) = pages.extend(sequence, to: position + piece.count, for: .step) else {
            preconditionFailure("the pool holds every sequence")
        }
        for pool in pools { pool.update(slot: sequence.index, pages[sequence].pages[first...], from: first) }
        batch.append(piece, slot: sequence.index, position: position, logits: logits)
    }
}
