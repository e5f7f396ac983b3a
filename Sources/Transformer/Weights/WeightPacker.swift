import Compute
import GGUF
import Kernels

/// Packs the weights of a model file into panels.
struct WeightPacker {
    let memory: HostMemory
    let model: String

    func pack(_ matrix: PackedMatrix) throws(ModelError) {
        let words = memory.elements(matrix.words, of: UInt32.self)
        let scales = memory.elements(matrix.scales ?? 0..<0, of: UInt32.self)
        for (index, tensor) in matrix.source.tensors.enumerated() {
            var rows = WeightRows(tensor, shape: matrix.shape)
            for row in 0..<tensor.shape[1] {
                try rows.take(row, model: model)
                let (panel, column) = matrix.source.place(tensor: index, row: row, matrix.shape.layout)
                matrix.shape.store(
                    words: rows.words, scales: rows.packedScales, panel: panel, column: column, weights: words,
                    packedScales: scales)
            }
        }
    }

    func pack(_ vector: PackedVector) throws(ModelError) {
        do throws(GGUFError) {
            try vector.source.dequantize(rows: 0..<1, into: memory.elements(vector.floats, of: Float.self))
        } catch {
            throw .file(error)
        }
    }
}

extension HostMemory {
    fileprivate func elements<Element>(_ range: Range<Int>, of type: Element.Type) -> UnsafeMutableBufferPointer<
        Element
    > {
        UnsafeMutableRawBufferPointer(rebasing: bytes[range]).bindMemory(to: type)
    }
}
