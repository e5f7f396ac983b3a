import Compute
import Kernels

extension LayerBinding {
    /// Where what experts make of rows goes, `[rows][embeddingLength]` from `offset` on.
    struct ExpertSum {
        let y: any Buffer
        var offset = 0
        /// Whether it is added to the rows that came in.
        var isAdded: Bool
        var scale: Float = 1
    }

    /// A router, the experts that it chooses, and what they give together.
    ///
    /// Several devices choose alike, as each has the whole router. Of each expert a shard has a part of the width, and
    /// its sum of the experts' results is a part of the sum.
    ///
    /// - Parameter sum: of a shard.
    mutating func bind(
        _ mixture: Mixture, _ block: Block, _ index: Int, to sum: (_ shard: Int) -> ExpertSum
    ) throws(ComputeError) {
        guard let slots = scratch.slots else { preconditionFailure("no room for experts") }
        operations.append(
            .norm(
                try Norm(
                    kernels, x: scratch.residual, weights.norm(.block(index, .feedForwardNorm)), y: scratch.normed,
                    width: network.embeddingLength)))
        let choice = ExpertRouting.Choice(
            experts: mixture.experts, used: mixture.used, probabilities: mixture.probabilities,
            isNormalised: mixture.isNormalised)
        let routing = try bindRouting(choice, by: .block(index, .router), slots)
        for shard in network.shards.held { try bindExperts(routing, slots, block, index, shard, to: sum(shard)) }
        guard let shared = mixture.shared else { return }
        // The lists of the others are not needed any more.
        let weighting =
            try shared.isGated
            ? bindRouting(
                .init(experts: 1, used: 1, probabilities: .sigmoid, isNormalised: false),
                by: .block(index, .sharedRouter), slots) : nil
        for shard in network.shards.held { try bindShared(weighting, slots, block, index, shard, to: sum(shard)) }
    }

    /// The rows that experts take.
    private var expertRows: Products.Input { .init(scratch.normed, bytes: scratch.bytes) }

    private mutating func bindRouting(
        _ choice: ExpertRouting.Choice, by router: Weight, _ slots: Scratch.Slots
    ) throws(ComputeError) -> ExpertRouting {
        let stride = Scratch.columns(choice.experts)
        try append([weights[matrix: router]], [.none], of: expertRows, width: stride, y: slots.logits)
        let routing = try ExpertRouting(kernels, choice, logits: slots.logits, stride: stride, slots.lists)
        operations.append(.routing(routing))
        return routing
    }

    private mutating func bindExperts(
        _ routing: ExpertRouting, _ slots: Scratch.Slots, _ block: Block, _ index: Int, _ shard: Int, to sum: ExpertSum
    ) throws(ComputeError) {
        func experts(
            _ matrix: NetworkWeights.Matrix, _ x: any Buffer, columns: Int, y: any Buffer,
            _ epilogue: MatMul.Epilogue, takesSlots: Bool
        ) throws(ComputeError) -> ForwardPass.Operation {
            .experts(
                try MatMul(
                    kernels, x: .floats(x), weights: matrix.weights, bias: matrix.bias, y: y, columns: columns,
                    stride: columns, epilogue: epilogue, experts: .init(routing, takesSlots: takesSlots)))
        }
        let gateUp = weights.matrices { network.weight(.gateUp($0), index, shard) }
        let down = weights[matrix: network.weight(.down, index, shard)]
        for (matrix, epilogue) in zip(gateUp, gating(gateUp, block)) {
            operations.append(
                try experts(
                    matrix, scratch.normed, columns: down.weights.shape.depth, y: scratch.gated, epilogue,
                    takesSlots: false))
        }
        operations.append(
            try experts(
                down, scratch.gated, columns: network.embeddingLength, y: slots.results, .none, takesSlots: true))
        try bindCombination(routing, slots, to: sum)
    }

    private mutating func bindCombination(
        _ routing: ExpertRouting, _ slots: Scratch.Slots, to sum: ExpertSum
    ) throws(ComputeError) {
        operations.append(
            .combination(
                try CombineExperts(
                    kernels, routing, x: slots.results, y: sum.y, width: network.embeddingLength, offset: sum.offset,
                    isAdded: sum.isAdded, scale: sum.scale)))
    }

    /// The expert that all rows have, behind those that they chose: a feed-forward part of its own, or one whose result
    /// is weighted as if a router had chosen it.
    private mutating func bindShared(
        _ weighting: ExpertRouting?, _ slots: Scratch.Slots, _ block: Block, _ index: Int, _ shard: Int,
        to sum: ExpertSum
    ) throws(ComputeError) {
        var sum = sum
        sum.isAdded = true
        let gateUp = weights.matrices { network.weight(.sharedGateUp($0), index, shard) }
        let down = weights[matrix: network.weight(.sharedDown, index, shard)]
        let (depth, length) = (down.weights.shape.depth, network.embeddingLength)
        try append(gateUp, gating(gateUp, block), of: expertRows, width: depth, y: scratch.gated)
        let isWeighted = weighting != nil
        operations.append(
            .products(
                try Products(
                    kernels, .init(scratch.gated, bytes: scratch.bytes), depth: depth,
                    [.init(down.weights, bias: down.bias, offset: isWeighted ? 0 : sum.offset, columns: length)],
                    y: isWeighted ? slots.results : sum.y, stride: length,
                    epilogue: isWeighted ? .none : .init(.residual, scale: sum.scale))))
        if let weighting { try bindCombination(weighting, slots, to: sum) }
    }
}
