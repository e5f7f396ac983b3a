import Compute
import GGUF
import Kernels

/// A matrix in packed memory.
struct PackedMatrix: Sendable {
    var source: TensorGroup
    var shape: PanelShape
    /// Bytes of the packed memory.
    var words: Range<Int>
    /// Absent for formats without scales.
    var scales: Range<Int>?
    /// Floats, one for each column of the source, in whole quads.
    var bias: Range<Int>?
}

/// A vector in packed memory, as floats.
struct PackedVector: Sendable {
    var source: VectorGroup
    var floats: Range<Int>
}

/// Where each weight of a model stands in packed memory: each at a page's start, so that devices can import it alone.
struct PackedLayout: Sendable {
    let matrices: [(weight: Weight, matrix: PackedMatrix)]
    let vectors: [(weight: Weight, vector: PackedVector)]
    let byteCount: Int

    init(_ tensors: NetworkTensors, _ panels: PanelLayout, model: String) throws(ModelError) {
        var end = 0
        func reserve(_ byteCount: Int) -> Range<Int> {
            let place = end..<end + byteCount
            end = HostMemory.pages(place.upperBound)
            return place
        }
        matrices = try tensors.matrices.map { (weight, group) throws(ModelError) in
            let shape = try group.shape(panels, model: model)
            return (
                weight,
                PackedMatrix(
                    source: group, shape: shape, words: reserve(shape.weightByteCount),
                    scales: shape.scaleByteCount > 0 ? reserve(shape.scaleByteCount) : nil,
                    bias: group.bias.map { reserve(($0.count + 3) / 4 * 16) })
            )
        }
        vectors = tensors.vectors.map { (weight, group) in
            (weight, PackedVector(source: group, floats: reserve(4 * group.count)))
        }
        byteCount = end
    }

    /// Bytes without those of other shards than `held`.
    func byteCount(of held: Range<Int>) -> Int {
        matrices.reduce(byteCount) { count, entry in
            if entry.weight.isHeld(held) { return count }
            let parts = [entry.matrix.words, entry.matrix.scales, entry.matrix.bias].compactMap(\.self)
            return parts.reduce(count) { $0 - HostMemory.pages($1.count) }
        }
    }
}
