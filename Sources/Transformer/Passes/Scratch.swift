import Compute
import Kernels

/// Activations between the dispatches of a pass.
struct Scratch: Sendable {
    let residual: any Buffer  // [rows][embeddingLength]
    let normed: any Buffer  // [rows][embeddingLength]
    let qkv: any Buffer  // [rows][(heads + 2 * kvHeads) * headSize]
    let mixed: any Buffer  // [rows][heads * headSize]
    let gated: any Buffer  // [rows][feed-forward length], or [rows][used][that of an expert]
    /// `[rows][embeddingLength]`: what is normalised before it is added. Nobody needs `normed` at that time.
    var branch: any Buffer { normed }
    let final: any Buffer  // [logitRows][embeddingLength]
    /// Rows of the products under way, where these are of whole numbers.
    let bytes: QuantisedRows?
    /// Those of the logits' product.
    let finalBytes: QuantisedRows?
    /// Of networks with experts.
    let slots: Slots?

    /// What mixtures need besides; `used` rows stand for each row, one for each of its experts.
    struct Slots: Sendable {
        let logits: any Buffer  // [rows][experts]
        let results: any Buffer  // [rows][used][embeddingLength]
        let lists: ExpertRouting.Lists
    }

    /// Columns of a product of one column, as products have multiples of four.
    static let gateColumns = 4

    init(_ network: Network, rows: Int, logitRows: Int, _ kernels: KernelSet) throws(ComputeError) {
        func floats(_ count: Int, _ label: String) throws(ComputeError) -> any Buffer {
            try kernels.device.makeBuffer(byteCount: 4 * count, access: .device, label: label)
        }
        let heads = network.heads, length = network.embeddingLength, mixedLength = heads.heads * heads.headSize
        let parts = network.blocks.map(\.feedForward), mixture = parts.lazy.compactMap(\.mixture).first
        let width = parts.reduce(0) { max($0, $1.mixture?.shared?.width ?? 0, $1.mixture == nil ? $1.width : 0) }
        let slotWidth = mixture.map { $0.used * $0.width } ?? 0
        residual = try floats(rows * length, "residual")
        normed = try floats(rows * length, "normed")
        qkv = try floats(rows * heads.rowWidth, "qkv")
        mixed = try floats(rows * mixedLength, "mixed")
        gated = try floats(rows * max(width, slotWidth), "gated")
        final = try floats(logitRows * length, "final")
        bytes = try QuantisedRows(rows: rows, depth: max(length, mixedLength, width), for: kernels)
        finalBytes = try QuantisedRows(rows: logitRows, depth: length, terms: 2, for: kernels)
        slots = try mixture.map { mixture throws(ComputeError) in
            Slots(
                logits: try floats(rows * max(mixture.experts, Self.gateColumns), "logits of experts"),
                results: try floats(rows * mixture.used * length, "results of experts"),
                lists: try ExpertRouting.Lists(
                    .init(experts: mixture.experts, used: mixture.used), rows: rows, for: kernels))
        }
    }
}
