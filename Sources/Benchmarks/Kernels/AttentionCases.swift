import Compute
import Kernels
import Quantities

/// Attention of prompts and of decoding sequences, and what stores their keys.
enum AttentionCases {
    static func cases(_ model: LlamaShape, formats: [KVType], isQuick: Bool) -> [KernelCase] {
        let (contexts, prompts, stored) =
            isQuick ? ([512], [128], [32]) : ([128, 512, 2048], [32, 128, 512], [1, 32, 512])
        return formats.flatMap { format in
            contexts.flatMap { context in
                [1, 8].map { decode(model, format, sequences: $0, context: context) }
            } + (isQuick ? [] : [decode(model, format, sequences: 8, context: 2048, window: 512)])
                + prompts.map { prefill(model, format, rows: $0) } + stored.map { store(model, format, rows: $0) }
        }
    }

    /// Sequences that each attend to their `context` tokens with one row, or to the last `window` of them.
    private static func decode(
        _ model: LlamaShape, _ format: KVType, sequences: Int, context: Int, window: Int? = nil
    ) -> KernelCase {
        let bench = AttentionBench(
            model: model, format: format, contexts: [Int](repeating: context, count: sequences),
            sequences: Array(0..<sequences), mask: window.map { .sliding(window: $0) } ?? .causal)
        return bench.attention(
            "decode at \(context)" + (window.map { ", window \($0)" } ?? ""),
            keysRead: sequences * (window ?? context))
    }

    /// One prompt of `rows` tokens.
    private static func prefill(_ model: LlamaShape, _ format: KVType, rows: Int) -> KernelCase {
        let bench = AttentionBench(
            model: model, format: format, contexts: Array(1...rows), sequences: [Int](repeating: 0, count: rows))
        return bench.attention("prefill", keysRead: rows)
    }

    private static func store(_ model: LlamaShape, _ format: KVType, rows: Int) -> KernelCase {
        AttentionBench(
            model: model, format: format, contexts: Array(1...rows), sequences: [Int](repeating: 0, count: rows)
        ).store
    }
}
