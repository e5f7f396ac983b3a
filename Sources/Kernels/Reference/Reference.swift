import Foundation

/// The kernels in plain Swift, in double precision: what every device is compared with.
public enum Reference {
    /// `x` `[rows][depth]` times `w` `[columns][depth]`, giving `[rows][columns]`.
    public static func matmul(_ x: [Float], _ w: [Float], rows: Int, depth: Int, columns: Int) -> [Float] {
        var y = [Float](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = 0.0
                for k in 0..<depth { sum += Double(x[row * depth + k]) * Double(w[column * depth + k]) }
                y[row * columns + column] = Float(sum)
            }
        }
        return y
    }

    /// `silu(gate) * up`, element by element.
    public static func swiglu(gate: [Float], up: [Float]) -> [Float] {
        zip(gate, up).map { Float(Double($0) / (1 + exp(-Double($0))) * Double($1)) }
    }

    /// `x` `[rows][width]`, `weight` `[width]`.
    public static func rmsNorm(_ x: [Float], weight: [Float], epsilon: Float) -> [Float] {
        let width = weight.count
        return stride(from: 0, to: x.count, by: width).flatMap { start in
            let row = x[start..<start + width].map(Double.init)
            let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(width) + Double(epsilon)).squareRoot()
            return zip(row, weight).map { Float($0 * Double($1) * scale) }
        }
    }

    /// One head's vector rotated: pairs of neighbours of the first `2 * angles.count` elements.
    public static func rope(_ x: [Float], angles: [Double]) -> [Float] {
        var y = x
        for (pair, angle) in angles.enumerated() {
            let (a, b) = (Double(x[2 * pair]), Double(x[2 * pair + 1]))
            y[2 * pair] = Float(a * cos(angle) - b * sin(angle))
            y[2 * pair + 1] = Float(a * sin(angle) + b * cos(angle))
        }
        return y
    }

    /// One query `[headSize]` against `keys` and `values` `[tokens][headSize]`.
    public static func attention(query: [Float], keys: [[Float]], values: [[Float]]) -> [Float] {
        let scale = 1 / Double(query.count).squareRoot()
        let scores = keys.map { key in zip(query, key).reduce(0) { $0 + Double($1.0) * Double($1.1) } * scale }
        let most = scores.max() ?? 0
        let weights = scores.map { exp($0 - most) }
        let total = weights.reduce(0, +)
        return query.indices.map { index in
            Float(zip(weights, values).reduce(0) { $0 + $1.0 * Double($1.1[index]) } / total)
        }
    }
}
