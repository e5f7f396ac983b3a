package import Compute
package import GGUF
import KVCache
package import Kernels
import Quantities

/// A model with a pool of its own and a handful of sequences: for commands and tests that need no scheduler.
package struct SingleSequence {
    package let model: LlamaModel
    private let pool: KVPool
    private let lane: any Lane
    private var pages: KVManager
    private let id: ModelID
    private var sequences: [BlockTableID] = []

    /// - Parameter count: the sequences that are fed together, each of at most `contextLength` tokens.
    package init(
        _ file: GGUFFile, options: LlamaModel.Options, contextLength: Int, count: Int = 1, kernels: KernelSet,
        cache: WeightCache? = nil, progress: (Double) -> Void = { _ in }
    ) throws {
        let configuration = try LlamaConfiguration(file)
        let shape = try LlamaModel.kvShape(configuration, type: options.kvType)
        let length = min(contextLength, configuration.contextLength)
        let pagesPerSequence = shape.pages(for: length)
        pool = try KVPool(
            pageCount: count * pagesPerSequence, sequences: count, pagesPerSequence: pagesPerSequence,
            on: [kernels.device])
        var options = options
        options.contextLength = length
        options.maxLogitRows = max(count, 1)
        model = try LlamaModel(file, options: options, pool: pool, kernels: kernels, cache: cache, progress: progress)
        lane = try kernels.device.makeLane(label: "single")
        try model.warmUp(on: lane)
        pages = KVManager(pages: pool.pageCount)
        id = try pages.add(shape, weight: 1)
        restart(count: count)
    }

    /// Forgets all tokens.
    package mutating func restart(count: Int = 1) {
        for sequence in sequences { pages.release(sequence) }
        sequences = (0..<count).map { pages.open(id, age: UInt64($0)) }
    }

    /// Appends `tokens` to every sequence, in pieces that fit one pass; the logits of the last token are then at hand.
    /// - Returns: the seconds that the device was at work, where it can tell.
    @discardableResult
    package mutating func feed(_ tokens: [Int32], at position: Int) throws(ComputeError) -> Double {
        var seconds = 0.0
        let width = max(1, model.maxRows / sequences.count)
        for start in stride(from: 0, to: tokens.count, by: width) {
            let piece = tokens[start..<min(tokens.count, start + width)]
            var batch = Batch()
            for sequence in sequences {
                let slot = sequence.index
                guard case .granted(let first) = pages.extend(sequence, to: position + piece.endIndex, for: .step)
                else { preconditionFailure("the pool holds every sequence") }
                pool.update(slot: slot, pages[sequence].pages[first...], from: first)
                batch.append(
                    piece, slot: slot, position: position + start, wantsLogits: piece.endIndex == tokens.count)
            }
            seconds += try model.forward(batch, on: lane) ?? 0
        }
        return seconds
    }
}
