import Compute
import Kernels
import Quantities

/// Attention of prompts and of decoding sequences, and what stores their keys.
enum AttentionCases {
    static func cases(_ model: ModelSizes, formats: [KVType]) -> [KernelCase] {
        formats.flatMap { format in
            [128, 512, 2048].flatMap { context in
                [1, 8].map { decode(model, format, sequences: $0, context: context) }
            } + [32, 128, 512].map { prefill(model, format, rows: $0) }
                + [1, 32, 512].map { store(model, format, rows: $0) }
        }
    }

    /// Sequences that each attend to `context` tokens with one row.
    private static func decode(
        _ model: ModelSizes, _ format: KVType, sequences: Int, context: Int
    ) -> KernelCase {
        let bench = AttentionBench(
            model: model, format: format, contexts: [Int](repeating: context, count: sequences),
            sequences: Array(0..<sequences))
        return bench.attention("decode at \(context)", keysRead: sequences * context)
    }

    /// One prompt of `rows` tokens.
    private static func prefill(_ model: ModelSizes, _ format: KVType, rows: Int) -> KernelCase {
        let bench = AttentionBench(
            model: model, format: format, contexts: Array(1...rows), sequences: [Int](repeating: 0, count: rows))
        return bench.attention("prefill", keysRead: rows)
    }

    private static func store(_ model: ModelSizes, _ format: KVType, rows: Int) -> KernelCase {
        AttentionBench(
            model: model, format: format, contexts: Array(1...rows), sequences: [Int](repeating: 0, count: rows)
        ).store
    }
}
