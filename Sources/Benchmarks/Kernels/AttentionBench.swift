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
    var mask = AttentionMask.causal

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
            heads: model.heads, kvHeads: model.kvHeads, rotated: model.headSize,
            pagesPerBlock: model.kvHeads, page: page)
    }

    /// - Parameter keysRead: tokens whose keys and values are read at least once.
    func attention(_ name: String, keysRead: Int) -> KernelCase {
        let numbers = contexts.count * (model.qkvWidth + model.heads * model.headSize)
        return KernelCase(
            kernel: "attention", model: model.name, shape: name, format: format.option, rows: contexts.count,
            operations: 4 * Double(model.heads * model.headSize)
                * Double(contexts.reduce(0) { $0 + mask.most(of: $1) }),
            bytes: Double(keysRead * model.kvHeads * bytesOfKey + 4 * numbers)
        ) { kernels throws(ComputeError) in
            let buffers = try Buffers(self, kernels.device)
            let attention = try Attention(
                kernels, shape, AttentionScores(headSize: shape.headSize), qkv: buffers.qkv, rows: buffers.rows,
                pool: buffers.pool, y: kernels.device.makeNumbers(contexts.count * model.heads * model.headSize))
            let (pieces, longest) = (Set(sequences).count, contexts.max() ?? 0)
            return {
                attention.encode($0, rows: contexts.count, pieces: pieces, longest: longest, layer: LayerPlace(page: 0))
            }
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
            return { store.encode($0, rows: rows, layer: LayerPlace(page: 0)) }
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
            let places = zip(bench.contexts, bench.sequences).map { context, sequence in
                RowPlace(
                    position: context - 1, table: sequence * blocks * bench.model.kvHeads,
                    tokens: bench.mask.tokens(at: context - 1, of: context))
            }
            rows = RowBuffers(
                rows: try Self.copy(places, device), mask: bench.mask,
                tables: try Self.copy((0..<pages).map { UInt32($0) }, device))
        }

        private static func copy<Element: BitwiseCopyable>(
            _ elements: [Element], _ device: any Device
        ) throws(ComputeError) -> any Buffer {
            let byteCount = max(16, MemoryLayout<Element>.stride * elements.count)
            let buffer = try device.makeBuffer(byteCount: byteCount, access: .host, label: "rows")
            try buffer.write(elements)
            return buffer
        }
    }
}
