import Compute
import Kernels
import Quantities

/// Kernels of layers with a constant state, at the sizes of Qwen 3.5 0.8B.
enum StateCases {
    private static let model = "Qwen3.5-0.8B"
    private static let (heads, size) = (16, 128)
    private static let channels = 3 * heads * size

    /// One piece of a prefill, and pieces of one row each.
    static func cases(isQuick: Bool) -> [KernelCase] {
        let batches = [(pieces: 1, rows: 1), (1, isQuick ? 64 : 512), (16, 1)]
        return batches.flatMap { pieces, rows in
            [convolution(pieces, rows), recurrence(pieces, rows)]
        } + [1, isQuick ? 64 : 512].map(norm)
    }

    private static func convolution(_ pieces: Int, _ rows: Int) -> KernelCase {
        let all = pieces * rows, shape = CausalConvolution.Shape(channels: channels, taps: 4, form: .silu)
        let bytes = 4 * channels * (2 * all + 2 * pieces * (shape.taps - 1) + shape.taps)
        return KernelCase(
            kernel: "convolve", model: model, shape: "\(pieces) of \(channels)x\(shape.taps)", format: "", rows: all,
            operations: Double(2 * all * channels * shape.taps), bytes: Double(bytes)
        ) { kernels throws(ComputeError) in
            let device = kernels.device
            let convolution = try CausalConvolution(
                kernels, shape, x: device.columns(all, channels),
                weight: device.makeNumbers(channels * shape.taps), bias: nil, y: device.columns(all, channels),
                pieces: device.pieces(pieces, rows, shape.state), firstPage: 0)
            return { convolution.encode($0, pieces: pieces) }
        }
    }

    private static func recurrence(_ pieces: Int, _ rows: Int) -> KernelCase {
        let all = pieces * rows
        let shape = StateRecurrence.Shape(
            rule: .delta, heads: heads, keyHeads: heads, keySize: size, valueSize: size, sharing: .modulo,
            epsilon: 1e-6)
        let state = heads * size * size
        return KernelCase(
            kernel: "recur", model: model, shape: "\(pieces) of \(heads)x\(size)x\(size)", format: "", rows: all,
            operations: Double(8 * all * state), bytes: Double(4 * (2 * pieces * state + 4 * all * heads * size))
        ) { kernels throws(ComputeError) in
            let device = kernels.device, width = heads * size
            let x = try device.columns(all, 3 * width), gates = try device.columns(all, 2 * heads)
            func part(_ columns: RowColumns, _ offset: Int) -> RowColumns {
                RowColumns(buffer: columns.buffer, stride: columns.stride, offset: offset)
            }
            let decay = try device.makeFilled(byteCount: 4 * heads, word: Float(-1).bitPattern)
            let recurrence = try StateRecurrence(
                kernels, shape, queries: x, keys: part(x, width), values: part(x, 2 * width), steps: gates,
                betas: part(gates, heads), decay: decay, stepBias: decay, skip: nil, y: device.columns(all, width),
                pieces: device.pieces(pieces, rows, shape.state), firstPage: 0)
            return { recurrence.encode($0, pieces: pieces) }
        }
    }

    private static func norm(rows: Int) -> KernelCase {
        let width = heads * size
        return KernelCase(
            kernel: "gated_norm", model: model, shape: "\(heads)x\(size)", format: "", rows: rows,
            operations: Double(8 * rows * width), bytes: Double(4 * (3 * rows * width + size))
        ) { kernels throws(ComputeError) in
            let device = kernels.device
            let norm = try GatedNorm(
                kernels, .normFirst, x: device.columns(rows, width), gate: device.columns(rows, width),
                weight: device.makeNumbers(size), groups: heads, width: size, epsilon: 1e-6)
            return { norm.encode($0, rows: rows) }
        }
    }
}

extension Device {
    fileprivate func columns(_ rows: Int, _ width: Int) throws(ComputeError) -> RowColumns {
        RowColumns(buffer: try makeNumbers(rows * width), stride: width)
    }

    /// Pieces that do not begin at 0.
    fileprivate func pieces(_ count: Int, _ rows: Int, _ state: StateRows) throws(ComputeError) -> PieceBuffers {
        let pageBytes = PageLayout.defaultPageBytes, pages = state.pages(pageBytes)
        let places = (0..<count).map { PiecePlace(rows: $0 * rows..<($0 + 1) * rows, table: $0 * pages, position: 1) }
        func buffer<Element: BitwiseCopyable>(_ elements: [Element], _ label: String) throws(ComputeError) -> any Buffer
        {
            let bytes = max(16, elements.count * MemoryLayout<Element>.stride)
            let buffer = try makeBuffer(byteCount: bytes, access: .host, label: label)
            try buffer.write(elements)
            return buffer
        }
        return PieceBuffers(
            pieces: try buffer(places, "pieces"), tables: try buffer((0..<count * pages).map { UInt32($0) }, "tables"),
            pool: try makeFilled(byteCount: count * pages * pageBytes, word: 0), pageBytes: pageBytes)
    }
}
