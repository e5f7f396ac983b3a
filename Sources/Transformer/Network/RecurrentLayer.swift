package import Kernels
import Quantities

/// A layer that keeps a state of constant size for each sequence instead of keys and values: rows are projected,
/// convolved over time, and where there is a recurrence it reads them one after the other.
///
/// Without a recurrence it is LFM2's short convolution; with the delta rule a gated delta net (Yang et al. 2024) as
/// Qwen 3.5 has it; with a scan Mamba 2 (Dao & Gu 2024).
package struct RecurrentLayer: Sendable, Hashable {
    package var convolution: CausalConvolution.Shape
    package var recurrence: StateRecurrence.Shape?

    package init(_ convolution: CausalConvolution.Shape, _ recurrence: StateRecurrence.Shape? = nil) {
        self.convolution = convolution
        self.recurrence = recurrence
    }

    /// Where what a row is projected to stands.
    package struct Projected: Sendable, Hashable {
        /// What is convolved first.
        var convolved = 0
        /// By what results are gated.
        var gate = 0
        var steps = 0
        var betas = 0
        package var width = 0
    }

    package var projected: Projected {
        let channels = convolution.channels
        guard let recurrence else { return Projected(width: 3 * channels) }
        let (values, heads) = (recurrence.valueWidth, recurrence.heads)
        switch recurrence.rule {
        case .delta:
            return Projected(
                gate: channels, steps: channels + values, betas: channels + values + heads,
                width: channels + values + 2 * heads)
        case .scan:
            return Projected(convolved: values, steps: values + channels, width: values + channels + heads)
        }
    }

    /// Where queries, keys and values stand in a convolved row.
    var convolved: (queries: Int, keys: Int, values: Int) {
        guard let recurrence else { return (0, 0, 0) }
        let (keys, values) = (recurrence.keyWidth, recurrence.valueWidth)
        return recurrence.rule == .delta ? (0, keys, 2 * keys) : (values + keys, values, 0)
    }

    /// Floats in a row of what the layer gives.
    package var mixedWidth: Int { recurrence?.valueWidth ?? convolution.channels }

    /// Pages that the layer's state takes of a sequence: the convolution's, then the recurrence's.
    package func pages(_ pageBytes: Int) -> (convolution: Int, recurrence: Int) {
        (convolution.state.pages(pageBytes), recurrence?.state.pages(pageBytes) ?? 0)
    }
}

extension StateRecurrence.Shape {
    /// Floats of all keys of a row.
    var keyWidth: Int { keyHeads * keySize }
    var valueWidth: Int { heads * valueSize }
}
