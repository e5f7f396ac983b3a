import Kernels

extension NetworkTensors {
    /// What rows are projected to, in the order of `RecurrentLayer.Projected`, and what the state is made with.
    mutating func add(_ layer: RecurrentLayer, _ index: Int) throws(ModelError) {
        let d = network.embeddingLength, convolution = layer.convolution
        let inputs: [(TensorName, columns: Int)], output: TensorName
        if let recurrence = layer.recurrence {
            let heads = recurrence.heads
            output = .recurrentOutput
            inputs =
                switch recurrence.rule {
                case .scan: [(.scanInput, layer.projected.width)]
                case .delta:
                    [
                        (.qkv, convolution.channels), (.deltaGate, recurrence.valueWidth), (.deltaStep, heads),
                        (.deltaBeta, heads),
                    ]
                }
            try add(recurrence, index)
        } else {
            (inputs, output) = ([(.shortInput, layer.projected.width)], .shortOutput)
        }
        var parts: [TensorPart] = []
        for (name, columns) in inputs {
            parts.append(try finder.part(name, index, depth: d, columns: columns, allowsBias: false))
        }
        for (number, group) in TensorPart.joined(parts).enumerated() {
            matrices.append((.block(index, .mixerInput(number)), group))
        }
        let filter = layer.recurrence == nil ? TensorName.shortConvolution : .convolution
        let taps = try finder.elements("\(name(filter, index)).weight", [convolution.taps, convolution.channels])
        vectors.append((.block(index, .convolution), VectorGroup(pieces: [.elements(taps)])))
        if let bias = try finder.bias(filter, index, [convolution.channels]) {
            vectors.append((.bias(of: .block(index, .convolution)), VectorGroup(pieces: [.elements(bias)])))
        }
        try addMatrix(.block(index, .mixerOutput), output, index, depth: layer.mixedWidth, columns: d)
    }

    private mutating func add(_ recurrence: StateRecurrence.Shape, _ index: Int) throws(ModelError) {
        let heads = recurrence.heads, isScan = recurrence.rule == .scan, each = isScan ? [1, heads] : [heads]
        let groups = recurrence.keyHeads
        let normed = isScan ? [recurrence.valueWidth / groups, groups] : [recurrence.valueSize]
        var found: [(Weight.Part, String, [Int])] = [
            (.decay, name(.decay, index), each), (.stepBias, "\(name(.stepBias, index)).bias", [heads]),
            (.gatedNorm, "\(name(.gatedNorm, index)).weight", normed),
        ]
        if isScan { found.append((.skip, name(.skip, index), each)) }
        for (part, name, shape) in found {
            vectors.append((.block(index, part), VectorGroup(pieces: [.elements(try finder.elements(name, shape))])))
        }
    }

    private func name(_ name: TensorName, _ index: Int) -> String { network.tensorName(name, block: index) }
}
