import Compute
import Kernels

extension LayerBinding {
    /// A router, the experts that it chooses, and what they give together.
    mutating func bind(_ mixture: Mixture, _ block: Block, _ index: Int) throws(ComputeError) {
        guard let slots = scratch.slots else { preconditionFailure("no room for experts") }
        let length = network.embeddingLength, rows = Products.Input(scratch.normed, bytes: scratch.bytes)
        operations.append(
            .norm(
                try Norm(
                    kernels, x: scratch.residual, weights.norm(.block(index, .feedForwardNorm)), y: scratch.normed,
                    width: length)))
        try append(
            [weights[matrix: .block(index, .router)]], [.none], of: rows,
            width: Scratch.columns(mixture.experts), y: slots.logits)
        let choice = ExpertRouting.Choice(
            experts: mixture.experts, used: mixture.used, probabilities: mixture.probabilities,
            isNormalised: mixture.isNormalised)
        let routing = try ExpertRouting(
            kernels, choice, logits: slots.logits, stride: Scratch.columns(mixture.experts), slots.lists)
        operations.append(.routing(routing))
        func experts(
            _ matrix: NetworkWeights.Matrix, _ x: any Buffer, columns: Int, y: any Buffer,
            _ epilogue: MatMul.Epilogue, takesSlots: Bool
        ) throws(ComputeError) -> ForwardPass.Operation {
            .experts(
                try MatMul(
                    kernels, x: .floats(x), weights: matrix.weights, bias: matrix.bias, y: y, columns: columns,
                    stride: columns, epilogue: epilogue, experts: .init(routing, takesSlots: takesSlots)))
        }
        let gateUp = weights.matrices { .block(index, .gateUp($0)) }
        for (matrix, epilogue) in zip(gateUp, gating(gateUp, block)) {
            operations.append(
                try experts(
                    matrix, scratch.normed, columns: mixture.width, y: scratch.gated, epilogue, takesSlots: false))
        }
        operations.append(
            try experts(
                weights[matrix: .block(index, .down)], scratch.gated, columns: length, y: slots.results, .none,
                takesSlots: true))
        operations.append(
            .combination(
                try CombineExperts(
                    kernels, routing, x: slots.results, y: scratch.residual, width: length,
                    scale: block.residualScale)))
        if let shared = mixture.shared { try bind(shared, rows, slots, block, index) }
    }

    /// The expert that all rows have: a feed-forward part of its own, or one whose result is weighted as if a
    /// router had chosen it.
    private mutating func bind(
        _ shared: Mixture.Shared, _ rows: Products.Input, _ slots: Scratch.Slots, _ block: Block, _ index: Int
    ) throws(ComputeError) {
        let gateUp = weights.matrices { .block(index, .sharedGateUp($0)) }, length = network.embeddingLength
        try append(gateUp, gating(gateUp, block), of: rows, width: shared.width, y: scratch.gated)
        let down = weights[matrix: .block(index, .sharedDown)]
        var epilogue = MatMul.Epilogue(.residual, scale: block.residualScale), y = scratch.residual
        var combination: CombineExperts?
        if shared.isGated {
            let choice = ExpertRouting.Choice(experts: 1, used: 1, probabilities: .sigmoid, isNormalised: false)
            try append(
                [weights[matrix: .block(index, .sharedRouter)]], [.none], of: rows, width: Scratch.columns(1),
                y: slots.logits)
            let routing = try ExpertRouting(
                kernels, choice, logits: slots.logits, stride: Scratch.columns(1), slots.lists)
            operations.append(.routing(routing))
            (epilogue, y) = (.none, slots.results)
            combination = try CombineExperts(
                kernels, routing, x: slots.results, y: scratch.residual, width: length,
                scale: block.residualScale)
        }
        operations.append(
            .products(
                try Products(
                    kernels, .init(scratch.gated, bytes: scratch.bytes), depth: shared.width,
                    [.init(down.weights, bias: down.bias, columns: length)], y: y, stride: length,
                    epilogue: epilogue)))
        if let combination { operations.append(.combination(combination)) }
    }
}
