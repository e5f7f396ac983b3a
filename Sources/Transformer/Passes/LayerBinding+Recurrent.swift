import Compute
import Kernels
import Quantities

extension LayerBinding {
    /// A projection, a convolution over time, and where there is one a recurrence, whose results are normalised and
    /// gated.
    mutating func bind(_ layer: RecurrentLayer, _ block: Block, _ index: Int) throws(ComputeError) {
        let projected = layer.projected, start = stateStarts[index]
        func columns(_ offset: Int) -> RowColumns {
            RowColumns(buffer: scratch.projected, stride: projected.width, offset: offset)
        }
        let mixed = RowColumns(buffer: scratch.mixed, stride: layer.mixedWidth, offset: 0)
        let channels = layer.convolution.channels
        let convolved =
            layer.recurrence == nil ? mixed : RowColumns(buffer: scratch.convolved, stride: channels, offset: 0)
        let filter = Weight.block(index, .convolution)
        let pieces = inputs.pieceBuffers(pool: pool, pageBytes: kv.page.pageBytes)
        try bindMixerInput(block, index, width: projected.width)
        operations.append(
            .convolution(
                try CausalConvolution(
                    kernels, layer.convolution, x: columns(projected.convolved), weight: weights[vector: filter],
                    bias: weights.vectorIfPresent(.bias(of: filter)), y: convolved, pieces: pieces, firstPage: start)))
        guard let recurrence = layer.recurrence else { return }
        let isScan = recurrence.rule == .scan, place = layer.convolved
        func part(_ offset: Int) -> RowColumns {
            RowColumns(buffer: scratch.convolved, stride: channels, offset: offset)
        }
        operations.append(
            .recurrence(
                try StateRecurrence(
                    kernels, recurrence, queries: part(place.queries), keys: part(place.keys),
                    values: part(place.values), steps: columns(projected.steps),
                    betas: isScan ? nil : columns(projected.betas), decay: weights[vector: .block(index, .decay)],
                    stepBias: weights[vector: .block(index, .stepBias)],
                    skip: weights.vectorIfPresent(.block(index, .skip)), y: mixed, pieces: pieces,
                    firstPage: start + layer.pages(kv.page.pageBytes).convolution)))
        let groups = isScan ? recurrence.keyHeads : recurrence.heads
        operations.append(
            .gatedNorm(
                try GatedNorm(
                    kernels, isScan ? .gateFirst : .normFirst, x: mixed, gate: columns(projected.gate),
                    weight: weights[vector: .block(index, .gatedNorm)], groups: groups,
                    width: layer.mixedWidth / groups, epsilon: network.norm.epsilon)))
    }
}
