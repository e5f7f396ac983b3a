/// The packed form of a weight matrix `[columns][depth]`: where each of its words goes.
///
/// `matmul.kernel` and `weights.part` say how the words of each format are filled.
package struct PanelShape: Sendable, Hashable {
    package let format: WeightFormat
    /// Inputs of the matrix: the length of a row of the model file.
    package let depth: Int
    package let panels: Int
    package let layout: PanelLayout

    package init(format: WeightFormat, depth: Int, panels: Int, layout: PanelLayout) {
        precondition(depth % format.depthMultiple == 0, "depth \(depth) is not a multiple of \(format.depthMultiple)")
        self.format = format
        self.depth = depth
        self.panels = panels
        self.layout = layout
    }

    package var wordsPerRow: Int { depth * format.bits / 32 }
    package var scaleWordsPerRow: Int { format.blocks.map { depth / $0.span * $0.scaleWords } ?? 0 }
    package var weightByteCount: Int { 4 * panels * wordsPerRow * layout.width }
    package var scaleByteCount: Int { 4 * panels * scaleWordsPerRow * layout.width }

    /// Puts one row of the model file (one output column) where the kernels look for it.
    ///
    /// - Parameters:
    ///   - words: `[wordsPerRow]`
    ///   - scales: `[scaleWordsPerRow]`
    ///   - weights: `[panels][wordsPerRow][layout.width]`
    ///   - packedScales: `[panels][scaleWordsPerRow][layout.width]`
    package func store(
        words: [UInt32], scales: [UInt32], panel: Int, column: Int,
        weights: UnsafeMutableBufferPointer<UInt32>, packedScales: UnsafeMutableBufferPointer<UInt32>
    ) {
        precondition(words.count == wordsPerRow && scales.count == scaleWordsPerRow && panel < panels)
        for (index, word) in words.enumerated() {
            weights[(panel * wordsPerRow + index) * layout.width + column] = word
        }
        for (index, scale) in scales.enumerated() {
            packedScales[(panel * scaleWordsPerRow + index) * layout.width + column] = scale
        }
    }
}
