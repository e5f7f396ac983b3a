package import Compute
package import Quantities

/// The sizes of attention layers that are alike, and how their keys and values stand in pages.
package struct AttentionShape: Sendable, Hashable {
    package var heads: Int
    package var kvHeads: Int
    /// Leading elements of a head that are rotated: a multiple of 8, 0 without positions.
    package var rotated: Int
    /// Pages that a block has in all layers together.
    package var pagesPerBlock: Int
    /// Heads that stand in a page one behind the other.
    package var headsPerPage: Int
    /// Heads of a size in `PageLayout.headSizes`.
    package var page: PageLayout

    package init(
        heads: Int, kvHeads: Int, rotated: Int, pagesPerBlock: Int, headsPerPage: Int = 1, page: PageLayout
    ) {
        precondition(headsPerPage * page.bytesPerHead <= page.pageBytes, "\(headsPerPage) heads do not fit in a page")
        self.heads = heads
        self.kvHeads = kvHeads
        self.rotated = rotated
        self.pagesPerBlock = pagesPerBlock
        self.headsPerPage = headsPerPage
        self.page = page
    }

    package var headSize: Int { page.headSize }

    /// Floats in a row of queries, keys and values.
    package var rowWidth: Int { (heads + 2 * kvHeads) * headSize }

    /// What kernels are told of pages, from `layer`'s first on.
    func appendPages(of layer: LayerPlace, to parameters: inout Parameters) {
        parameters.append(layer.page)
        parameters.append(pagesPerBlock)
        parameters.append(headsPerPage)
        parameters.append(page.tokensPerPage)
        parameters.append(page.pageBytes / PageLayout.wordBytes)
        parameters.append(page.bytesPerHead / PageLayout.wordBytes)
    }
}

/// Where what belongs to a layer begins.
package struct LayerPlace: Sendable, Hashable {
    /// Its first page among those of a block.
    package var page: Int
    /// Its first sink among those of all layers.
    package var sink: Int

    package init(page: Int, sink: Int = 0) { (self.page, self.sink) = (page, sink) }
}

extension KVType {
    /// The value of the kernels' option KV.
    package var option: String {
        switch self {
        case .f32: "F32"
        case .f16: "F16"
        case .q8_0: "Q8"
        }
    }
}

/// How products of queries and keys become weights.
package struct AttentionScores: Sendable {
    /// What products are multiplied with.
    package var scale: Float
    /// `c` where a score `s` becomes `c * tanh(s / c)`; positive. Source: Gemma 2 (2024), section 2.
    package var cap: Float?
    /// `[heads of all layers]` logits, each of which joins its head's sum of weights and has no value. Source: Xiao et
    /// al. 2023.
    package var sinks: (any Buffer)?

    package init(scale: Float, cap: Float? = nil, sinks: (any Buffer)? = nil) {
        precondition(cap.map { $0 > 0 } ?? true, "a cap of scores must be positive")
        self.scale = scale
        self.cap = cap
        self.sinks = sinks
    }

    /// Without cap and sinks, and so that scores have a variance of 1 where queries and keys have (Vaswani et al.
    /// 2017).
    package init(headSize: Int) { self.init(scale: 1 / Float(headSize).squareRoot()) }

    /// The kernels' options.
    package var options: [String: String] { ["CAP": cap == nil ? "0" : "1", "SINKS": sinks == nil ? "0" : "1"] }
}
