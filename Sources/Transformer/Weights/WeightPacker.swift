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
        for (index, piece) in matrix.source.pieces.enumerated() {
            var rows = WeightRows(piece, shape: matrix.shape)
            for row in piece.rows {
                try rows.take(row, model: model)
                let (panel, column) = matrix.source.place(piece: index, row: row, matrix.shape.layout)
                matrix.shape.store(
                    words: rows.words, scales: rows.packedScales, panel: panel, column: column, weights: words,
                    packedScales: scales)
            }
        }
        if let bias = matrix.source.bias, let floats = matrix.bias {
            try pack(PackedVector(source: bias, floats: floats))
        }
    }

    func pack(_ vector: PackedVector) throws(ModelError) {
        let floats = memory.elements(vector.floats, of: Float.self)
        var start = 0
        for piece in vector.source.pieces {
            switch piece {
            case .zeros(let count): for index in start..<start + count { floats[index] = 0 }
            case .elements(let elements):
                let values = try Self.values(elements)
                for row in elements.rows { floats[start + elements.place(row)] = values[row] }
            }
            start += piece.count
        }
        guard let addend = vector.source.addend else { return }
        let values = try Self.values(addend)[addend.rows]
        for index in 0..<start { floats[index] += values[values.startIndex + index % values.count] }
    }

    /// All of the tensor's.
    private static func values(_ piece: TensorPiece) throws(ModelError) -> [Float] {
        do throws(GGUFError) { return try piece.tensor.floats(rows: 0..<piece.tensor.layout.rowCount) } catch {
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
