import Compute
import GGUF
import Kernels

/// Packs matrices of a model file into panels on a device.
struct WeightPacker {
    let device: any Device
    let model: String

    /// Several matrices as one, column behind column.
    func joined(_ tensors: [GGUFTensor]) throws -> DeviceWeights {
        try pack(tensors, panels: { layout in layout.padded(tensors.reduce(0) { $0 + $1.shape[1] }) / layout.width }) {
            tensor, row, layout in
            let column = tensors[..<tensor].reduce(0) { $0 + $1.shape[1] } + row
            return (column / layout.width, column % layout.width)
        }
    }

    /// Two matrices whose panels alternate, for `MatMul.Epilogue.swiglu`.
    func alternating(_ first: GGUFTensor, _ second: GGUFTensor) throws -> DeviceWeights {
        try pack([first, second], panels: { layout in 2 * layout.padded(first.shape[1]) / layout.width }) {
            tensor, row, layout in (2 * (row / layout.width) + tensor, row % layout.width)
        }
    }

    private func pack(
        _ tensors: [GGUFTensor], panels: (PanelLayout) -> Int,
        place: (_ tensor: Int, _ row: Int, PanelLayout) -> (panel: Int, column: Int)
    ) throws -> DeviceWeights {
        let layout = PanelLayout(vectorWidth: device.limits.vectorWidth)
        let format = WeightFormat(tensors[0].type)
        let depth = tensors[0].shape[0]
        guard depth % format.depthMultiple == 0 else {
            throw ModelError.unsupported(model: model, reason: "\(tensors[0].name) has rows of \(depth)")
        }
        let shape = PanelShape(format: format, depth: depth, panels: panels(layout), layout: layout)
        var words = [UInt32](repeating: 0, count: shape.weightByteCount / 4)
        var scales = [UInt32](repeating: 0, count: shape.scaleByteCount / 4)
        try words.withUnsafeMutableBufferPointer { words in
            try scales.withUnsafeMutableBufferPointer { scales in
                for (index, tensor) in tensors.enumerated() {
                    var rows = WeightRows(tensor)
                    for row in 0..<tensor.shape[1] {
                        try rows.read(row, model: model)
                        let (panel, column) = place(index, row, layout)
                        shape.store(
                            words: rows.words, scales: rows.packedScales, panel: panel, column: column,
                            weights: words, packedScales: scales)
                    }
                }
            }
        }
        return DeviceWeights(
            shape: shape, words: try upload(words, label: tensors[0].name),
            scales: scales.isEmpty ? nil : try upload(scales, label: "\(tensors[0].name) scales"))
    }

    /// A tensor of one dimension, as floats.
    func vector(_ tensor: GGUFTensor) throws -> any Buffer {
        try upload(try tensor.floats(rows: 0..<1), label: tensor.name)
    }

    func upload<Element: BitwiseCopyable>(_ elements: [Element], label: String) throws -> any Buffer {
        let byteCount = elements.count * MemoryLayout<Element>.stride
        let buffer = try device.makeBuffer(byteCount: byteCount, access: .device, label: label)
        try buffer.write(elements)
        return buffer
    }
}
