extension Reference {
    /// Numbers as a page in Q8 gives them back: blocks of 32 signed bytes, each times its block's scale.
    ///
    /// The scale is the largest magnitude over 127, rounded up to 8 significant bits: at most 2^-7 of it more. A byte
    /// is the nearest whole number of scales, so that half a scale is lost; the inverse scale and its product with the
    /// number, up to 127 scales, are 3.5 units in the last place off, and the scale's own product rounds. A scale below
    /// the smallest normal float counts as zero. In a block with a number that is not finite, no number is.
    package static func estimateBlocks(_ x: [Estimate]) -> [Estimate] {
        stride(from: 0, to: x.count, by: 32).flatMap { start in
            let block = x[start..<min(start + 32, x.count)]
            guard block.allSatisfy(\.value.isFinite) else { return block.map { _ in Estimate(Double.nan) } }
            let most = block.reduce(0) { max($0, abs($1.value) + $1.error) }
            let scale = most / 127 * (1 + 0x1p-7)
            let lost = scale * (0.5 + 127 * 5 * Estimate.rounding) + 127 * Double(Float.leastNormalMagnitude)
            return block.map { Estimate($0.value, error: $0.error + lost) }
        }
    }
}
