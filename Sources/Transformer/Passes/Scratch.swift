import Compute
import Kernels

/// Activations between the dispatches of a pass.
struct Scratch: Sendable {
    let residual: any Buffer  // [rows][embeddingLength]
    /// `[rows][embeddingLength]`; where sums are normalised, what came out of the mixer and its norm.
    let normed: any Buffer
    /// `[rows]` of what mixers take: queries, keys and values, or what recurrent layers convolve and are gated by.
    let projected: any Buffer
    let convolved: any Buffer  // [rows][channels]
    let mixed: any Buffer  // [rows] of what mixers give
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

    /// Columns that products write for so many results, as they have multiples of four.
    static func columns(_ count: Int) -> Int { (count + 3) / 4 * 4 }

    /// The most numbers of a row that mixers take, convolve, and give.
    private static func mixerWidths(_ network: Network) -> (projected: Int, convolved: Int, mixed: Int) {
        network.blocks.reduce((0, 0, 0)) { widest, block in
            switch block.mixer {
            case .attention(let heads):
                (max(widest.0, heads.rowWidth), widest.1, max(widest.2, heads.mixedWidth))
            case .recurrent(let layer):
                (
                    max(widest.0, layer.projected.width), max(widest.1, layer.convolution.channels),
                    max(widest.2, layer.mixedWidth)
                )
            }
        }
    }

    init(_ network: Network, rows: Int, logitRows: Int, _ kernels: KernelSet) throws(ComputeError) {
        func floats(_ count: Int, _ label: String) throws(ComputeError) -> any Buffer {
            try kernels.device.makeBuffer(byteCount: 4 * count, access: .device, label: label)
        }
        let length = network.embeddingLength
        let (projectedWidth, convolvedWidth, mixedWidth) = Self.mixerWidths(network)
        let parts = network.blocks.map(\.feedForward), mixture = parts.lazy.compactMap(\.mixture).first
        let width = parts.reduce(0) { max($0, $1.mixture?.shared?.width ?? 0, $1.mixture == nil ? $1.width : 0) }
        let slotWidth = mixture.map { $0.used * $0.width } ?? 0
        residual = try floats(rows * length, "residual")
        normed = try floats(rows * length, "normed")
        projected = try floats(rows * projectedWidth, "projected")
        convolved = try floats(max(4, rows * convolvedWidth), "convolved")
        mixed = try floats(rows * mixedWidth, "mixed")
        gated = try floats(rows * max(width, slotWidth), "gated")
        // Last rows that are wanted themselves go where they are read.
        let logitRows = network.pooling == nil ? logitRows : 1
        final = try floats(logitRows * length, "final")
        bytes = try QuantisedRows(rows: rows, depth: max(length, mixedWidth, width), for: kernels)
        finalBytes = try QuantisedRows(rows: logitRows, depth: length, terms: 2, for: kernels)
        slots = try mixture.map { mixture throws(ComputeError) in
            Slots(
                logits: try floats(rows * Self.columns(mixture.experts), "logits of experts"),
                results: try floats(rows * mixture.used * length, "results of experts"),
                lists: try ExpertRouting.Lists(
                    .init(experts: mixture.experts, used: mixture.used), rows: rows, for: kernels))
        }
    }
}
