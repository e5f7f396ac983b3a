import Compute
import Kernels
import Quantities

/// Rows of a batch, each of a sequence with so many tokens, over a pool of pages.
struct AttentionBench {
    var model: LlamaShape
    var format: KVType
    /// Tokens that each row attends to.
    var contexts: [Int]
    /// The sequence of each row.
    var sequences: [Int]

    private static let pageBytes = PageLayout.defaultPageBytes

    private var page: PageLayout {
        let token = PageLayout(type: format, headSize: model.headSize, pageBytes: Self.pageBytes, tokensPerPage: 1)
        return PageLayout(
            type: format, headSize: model.headSize, pageBytes: Self.pageBytes,
            tokensPerPage: Self.pageBytes / token.bytesPerToken / 4 * 4)
    }

    private var bytesOfKey: Int { page.bytesPerToken }

    private var shape: AttentionShape {
        AttentionShape(
            heads: model.heads, kvHeads: model.kvHeads, rotated: model.headSize, layers: 1, page: page)
    }

    /// - Parameter keysRead: tokens whose keys and values are read at least once.
    func attention(_ name: String, keysRead: Int) -> KernelCase {
        let numbers = contexts.count * (model.qkvWidth + model.heads * model.headSize)
        return KernelCase(
            kernel: "attention", model: model.name, shape: name, format: format.option, rows: contexts.count,
            operations: 4 * Double(model.heads * model.headSize) * Double(contexts.reduce(0, +)),
            bytes: Double(keysRead * model.kvHeads * bytesOfKey + 4 * numbers)
        ) { kernels throws(ComputeError) in
            let buffers = try Buffers(self, kernels.device)
            let attention = try Attention(
                kernels, shape, qkv: buffers.qkv, rows: buffers.rows, pool: buffers.pool,
                y: kernels.device.makeNumbers(contexts.count * model.heads * model.headSize))
            let (pieces, longest) = (Set(sequences).count, contexts.max() ?? 0)
            return { attention.encode($0, rows: contexts.count, pieces: pieces, longest: longest, layer: 0) }
        }
    }

    var store: KernelCase {
        let rows = contexts.count
        return KernelCase(
            kernel: "rope_store", model: model.name, shape: "prefill", format: format.option, rows: rows,
            operations: 3 * Double(rows * (model.heads + model.kvHeads) * model.headSize),
            bytes: Double(rows * (4 * (model.qkvWidth + model.heads * model.headSize) + model.kvHeads * bytesOfKey))
        ) { kernels throws(ComputeError) in
            let buffers = try Buffers(self, kernels.device)
            let store = try RopeStore(
                kernels, shape, qkv: buffers.qkv,
                rotations: kernels.device.makeNumbers((contexts.max() ?? 1) * model.headSize), rows: buffers.rows,
                pool: buffers.pool)
            return { store.encode($0, rows: rows, layer: 0) }
        }
    }

    private struct Buffers {
        let qkv: any Buffer
        let rows: RowBuffers
        let pool: any Buffer

        init(_ bench: AttentionBench, _ device: any Device) throws(ComputeError) {
            let tokens = bench.page.tokensPerPage
            let blocks = ((bench.contexts.max() ?? 1) + tokens - 1) / tokens
            let pages = ((bench.sequences.max() ?? 0) + 1) * blocks * bench.model.kvHeads
            qkv = try device.makeNumbers(bench.contexts.count * bench.model.qkvWidth)
            // A half of 0.01 twice is also a small float.
            pool = try device.makeFilled(byteCount: pages * AttentionBench.pageBytes, word: 0x211f_211f)
            rows = RowBuffers(
                positions: try Self.words(bench.contexts.map { $0 - 1 }, device),
                tables: try Self.words(Array(0..<pages), device),
                starts: try Self.words(bench.sequences.map { $0 * blocks * bench.model.kvHeads }, device))
        }

        private static func words(_ values: [Int], _ device: any Device) throws(ComputeError) -> any Buffer {
            let buffer = try device.makeBuffer(byteCount: max(16, 4 * values.count), access: .host, label: "rows")
            try buffer.write(values.map { UInt32($0) })
            return buffer
        }
    }
}
