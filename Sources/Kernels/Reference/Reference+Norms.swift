extension Reference {
    /// `x` `[rows][width]`, `weight` and `bias` `[width]`.
    package static func rmsNorm(_ x: [Float], weight: [Float], epsilon: Float) -> [Float] {
        norm(.rms, x, weight: weight, epsilon: epsilon)
    }

    package static func norm(
        _ kind: Normalisation.Kind, _ x: [Float], weight: [Float], bias: [Float]? = nil, epsilon: Float
    ) -> [Float] {
        estimateNorm(kind, x, weight: weight, bias: bias, epsilon: epsilon).map { Float($0.value) }
    }

    package static func estimateNorm(
        _ kind: Normalisation.Kind = .rms, _ x: [Float], weight: [Float], bias: [Float]? = nil, epsilon: Float
    ) -> [Estimate] {
        let width = weight.count
        return stride(from: 0, to: x.count, by: width).flatMap { start in
            let normed = estimateRMS(centred(kind, x[start..<start + width]), weight: weight, epsilon: epsilon)
            return bias.map { zip(normed, $0).map { $0 + Estimate($1) } } ?? normed
        }
    }

    /// One row by its root mean square.
    static func estimateRMS(_ row: [Estimate], weight: [Float], epsilon: Float) -> [Estimate] {
        // Of a number that is given its square is off by one rounding.
        let squares = row.reduce(Estimate(0.0)) { sum, x in
            let square = x.value * x.value
            return Estimate(
                sum.value + square,
                error: sum.error + (2 * abs(x.value) + x.error) * x.error + rounded(square, row.count + 1))
        }
        let scale = (squares / Estimate(Double(row.count)) + Estimate(epsilon)).inverseSquareRoot
        return zip(row, weight).map { $0 * Estimate($1) * scale }
    }

    /// A row less its mean, where the norm takes that off. A sum of n numbers is off by n roundings of their sizes.
    private static func centred(_ kind: Normalisation.Kind, _ row: ArraySlice<Float>) -> [Estimate] {
        guard kind == .layer else { return row.map { Estimate($0) } }
        let (sum, size) = row.reduce((0.0, 0.0)) { ($0.0 + Double($1), $0.1 + abs(Double($1))) }
        let mean = Estimate(-sum, error: rounded(size, row.count)) / Estimate(Double(row.count))
        return row.map { Estimate($0) + mean }
    }

    private static func rounded(_ size: Double, _ roundings: Int) -> Double {
        Double(roundings) * Estimate.rounding * size
    }
}
