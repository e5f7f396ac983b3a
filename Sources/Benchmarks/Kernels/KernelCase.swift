import Compute
import Kernels

/// One kernel at one shape, and what it takes to compute that.
struct KernelCase {
    var kernel: String
    /// The model whose shape it is.
    var model: String
    /// Formats and sizes, for readers.
    var shape: String
    /// Number format of weights or keys; empty where the kernel has no choice.
    var format: String
    var rows: Int
    /// Multiplications and additions.
    var operations: Double
    /// Bytes that must be read or written once.
    var bytes: Double
    /// Makes buffers and ties the kernel to them; what it gives encodes one dispatch.
    var prepare: (KernelSet) throws(ComputeError) -> (any Commands) -> Void
}

extension Device {
    /// A buffer full of `word`.
    func makeFilled(byteCount: Int, word: UInt32) throws(ComputeError) -> any Buffer {
        let size = max(16, (byteCount + 15) / 16 * 16)
        let buffer = try makeBuffer(byteCount: size, access: .device, label: "benchmark")
        let piece = [UInt32](repeating: word, count: min(size, 1 << 20) / 4)
        for start in stride(from: 0, to: size, by: 4 * piece.count) {
            let count = min(4 * piece.count, size - start) / 4
            try buffer.write(count == piece.count ? piece : Array(piece[..<count]), at: start)
        }
        return buffer
    }

    /// A buffer of `count` numbers, all a half.
    func makeNumbers(_ count: Int) throws(ComputeError) -> any Buffer {
        try makeFilled(byteCount: 4 * count, word: Float(0.5).bitPattern)
    }
}
