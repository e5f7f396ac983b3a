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
}

/// A tensor of one dimension in packed memory, as floats.
struct PackedVector: Sendable {
    var source: GGUFTensor
    var floats: Range<Int>
}

/// Where each weight of a model stands in packed memory: each at a page's start, so that devices can import it alone.
struct PackedLayout: Sendable {
    let parts: LlamaParts<PackedMatrix, PackedVector>
    let byteCount: Int

    init(
        _ sources: LlamaParts<TensorGroup, GGUFTensor>, _ panels: PanelLayout, model: String
    ) throws(ModelError) {
        var end = 0
        func reserve(_ byteCount: Int) -> Range<Int> {
            let place = end..<end + byteCount
            end = HostMemory.pages(place.upperBound)
            return place
        }
        parts = try sources.map { (group) throws(ModelError) in
            let shape = try group.shape(panels, model: model)
            let words = reserve(shape.weightByteCount)
            let scales = shape.scaleByteCount > 0 ? reserve(shape.scaleByteCount) : nil
            return PackedMatrix(source: group, shape: shape, words: words, scales: scales)
        } vector: { (tensor) throws(ModelError) in
            PackedVector(source: tensor, floats: reserve(4 * tensor.shape[0]))
        }
        byteCount = end
    }
}
