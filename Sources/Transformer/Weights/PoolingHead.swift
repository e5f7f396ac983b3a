import Foundation
import GGUF

/// What stands behind a pooled row. It is computed on the host: there is one row of each text.
struct PoolingHead: Sendable {
    fileprivate struct Layer {
        /// `[width][depth]`
        var weights: [Float]
        var bias: [Float]?
        var isBent: Bool
    }

    private let layers: [Layer]
    private let result: Pooling.Result

    /// - Throws: `GGUFError`.
    init(_ pooling: Pooling, _ tensors: [NetworkTensors.PoolingLayer]) throws(GGUFError) {
        result = pooling.result
        layers = try zip(pooling.layers, tensors).map { (layer, tensors) throws(GGUFError) in
            Layer(
                weights: try tensors.weights.floats(rows: 0..<tensors.weights.layout.rowCount),
                bias: try tensors.bias?.floats(rows: 0..<1), isBent: layer.isBent)
        }
    }

    /// What a text becomes, `[Pooling.width]`.
    func result(of rows: PooledRows) -> [Float] {
        var row = rows.mean
        for layer in layers { row = layer.product(row) }
        switch result {
        case .vector:
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { Float(length > 0 ? $0 / length : 0) }
        case .score: return [Float(row[0])]
        case .share:
            let most = row.max() ?? 0
            return [Float(exp(row[0] - most) / row.reduce(0) { $0 + exp($1 - most) })]
        }
    }
}

extension PoolingHead.Layer {
    fileprivate func product(_ x: [Double]) -> [Double] {
        let depth = x.count
        return (0..<weights.count / depth).map { column in
            var sum = bias.map { Double($0[column]) } ?? 0
            for index in 0..<depth { sum += Double(weights[column * depth + index]) * x[index] }
            return isBent ? tanh(sum) : sum
        }
    }
}
