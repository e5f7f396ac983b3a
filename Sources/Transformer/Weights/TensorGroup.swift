import GGUF
import Kernels

/// Tensors of a file that are packed as one matrix.
struct TensorGroup: Sendable {
    enum Arrangement: Sendable {
        /// Column behind column.
        case joined
        /// Columns of two matrices by turns, for `MatMul.Epilogue.swiglu`.
        case alternating
    }

    var tensors: [GGUFTensor]
    var arrangement: Arrangement

    var format: WeightFormat { WeightFormat(tensors[0].type) }

    /// - Throws: `ModelError.unsupported` where the rows are no whole number of blocks.
    func shape(_ layout: PanelLayout, model: String) throws(ModelError) -> PanelShape {
        let depth = tensors[0].shape[0]
        guard depth % format.depthMultiple == 0 else {
            throw .unsupported(model: model, reason: "\(tensors[0].name) has rows of \(depth)")
        }
        let columns =
            switch arrangement {
            case .joined: layout.padded(tensors.reduce(0) { $0 + $1.shape[1] })
            case .alternating: 2 * layout.padded(tensors[0].shape[1])
            }
        return PanelShape(format: format, depth: depth, panels: columns / layout.width, layout: layout)
    }

    /// Where a row of a tensor, an output of the matrix, goes.
    func place(tensor: Int, row: Int, _ layout: PanelLayout) -> (panel: Int, column: Int) {
        switch arrangement {
        case .joined:
            let column = tensors[..<tensor].reduce(0) { $0 + $1.shape[1] } + row
            return layout.place(of: column)
        case .alternating: return layout.place(of: row, part: tensor, of: 2)
        }
    }
}

extension LlamaParts<TensorGroup, GGUFTensor> {
    /// Tensors are packed together that serve one product and have one format.
    init(_ tensors: LlamaTensors) {
        func joined(_ tensors: [GGUFTensor]) -> TensorGroup { TensorGroup(tensors: tensors, arrangement: .joined) }
        var layers: [Layer] = []
        for layer in tensors.layers {
            let isAlternating = WeightFormat(layer.gate.type) == WeightFormat(layer.up.type)
            let formats = Set(layer.qkv.map { WeightFormat($0.type) })
            layers.append(
                Layer(
                    attentionNorm: layer.attentionNorm,
                    qkv: formats.count == 1 ? [joined(layer.qkv)] : layer.qkv.map { joined([$0]) },
                    output: joined([layer.output]), feedForwardNorm: layer.feedForwardNorm,
                    gateUp: isAlternating
                        ? [TensorGroup(tensors: [layer.gate, layer.up], arrangement: .alternating)]
                        : [joined([layer.gate]), joined([layer.up])],
                    down: joined([layer.down])))
        }
        self.init(
            embedding: joined([tensors.embedding]), output: tensors.output.map { joined([$0]) },
            outputNorm: tensors.outputNorm, layers: layers)
    }
}
