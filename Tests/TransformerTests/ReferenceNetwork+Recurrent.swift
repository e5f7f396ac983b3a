import Foundation
import GGUF
import Kernels
import Transformer

/// Layers with a state. Source: `LFM2`, gated delta nets and Mamba 2 as llama.cpp computes them.
extension ReferenceNetwork {
    func recurrent(_ layer: RecurrentLayer, _ x: [[Double]], _ index: Int) throws -> [[Double]] {
        guard let recurrence = layer.recurrence else { return try shortConvolution(layer, x, index) }
        return recurrence.rule == .delta
            ? try deltaNet(layer, recurrence, x, index) : try scan(layer, recurrence, x, index)
    }

    private func shortConvolution(_ layer: RecurrentLayer, _ x: [[Double]], _ index: Int) throws -> [[Double]] {
        let parts = try product(x, .shortInput, index).map { cut($0[...], layer.convolution.channels) }
        let convolved = try convolution(parts.map { zip($0[0], $0[2]).map { $0 * $1 } }, .shortConvolution, index)
        return try product(zip(parts, convolved).map { zip($0[1], $1).map { $0 * $1 } }, .shortOutput, index)
    }

    private func deltaNet(
        _ layer: RecurrentLayer, _ shape: StateRecurrence.Shape, _ x: [[Double]], _ index: Int
    ) throws -> [[Double]] {
        let convolved = try convolution(try product(x, .qkv, index), .convolution, index).map { $0.map(silu) }
        let gates = try product(x, .deltaGate, index), betas = try product(x, .deltaBeta, index)
        let steps = try product(x, .deltaStep, index)
        let (decay, bias) = (try vector(name(.decay, index)), try vector(name(.stepBias, index) + ".bias"))
        let weight = try vector(name(.gatedNorm, index) + ".weight")
        let keys = shape.keyHeads * shape.keySize
        func unit(_ x: [Double]) -> [Double] {
            let length = (x.reduce(0) { $0 + $1 * $1 } + Double(network.norm.epsilon)).squareRoot()
            return x.map { $0 / length }
        }
        var results = x.map { _ in [Double]() }
        for head in 0..<shape.heads {
            var state = [[Double]](repeating: [Double](repeating: 0, count: shape.valueSize), count: shape.keySize)
            for (row, all) in convolved.enumerated() {
                let first = head % shape.keyHeads * shape.keySize
                let query = unit(Array(all[first..<first + shape.keySize]))
                let key = unit(Array(all[keys + first..<keys + first + shape.keySize]))
                let value = all[(2 * keys + head * shape.valueSize)...].prefix(shape.valueSize)
                let factor = exp(decay[head] * softplus(steps[row][head] + bias[head]))
                let beta = 1 / (1 + exp(-betas[row][head]))
                for i in state.indices { for j in state[i].indices { state[i][j] *= factor } }
                let error = value.enumerated().map { j, value in
                    beta * (value - state.indices.reduce(0) { $0 + state[$1][j] * key[$1] })
                }
                for i in state.indices { for j in state[i].indices { state[i][j] += key[i] * error[j] } }
                let given = error.indices.map { j in
                    state.indices.reduce(0) { $0 + state[$1][j] * query[$1] } / Double(shape.keySize).squareRoot()
                }
                let gate = gates[row][(head * shape.valueSize)...].prefix(shape.valueSize)
                results[row] += zip(rms(given, weight), gate).map { $0 * silu($1) }
            }
        }
        return try product(results, .recurrentOutput, index)
    }

    private func scan(
        _ layer: RecurrentLayer, _ shape: StateRecurrence.Shape, _ x: [[Double]], _ index: Int
    ) throws -> [[Double]] {
        let values = shape.heads * shape.valueSize, keys = shape.keyHeads * shape.keySize
        let channels = layer.convolution.channels
        let rows = try product(x, .scanInput, index)
        let convolved = try convolution(rows.map { Array($0[values..<values + channels]) }, .convolution, index)
            .map { $0.map(silu) }
        let (decay, bias) = (try vector(name(.decay, index)), try vector(name(.stepBias, index) + ".bias"))
        let (skip, weight) = (try vector(name(.skip, index)), try vector(name(.gatedNorm, index) + ".weight"))
        var results = x.map { _ in [Double](repeating: 0, count: values) }
        for head in 0..<shape.heads {
            var state = [[Double]](repeating: [Double](repeating: 0, count: shape.valueSize), count: shape.keySize)
            let group = head * shape.keyHeads / shape.heads
            for (row, all) in convolved.enumerated() {
                let step = softplus(rows[row][values + channels + head] + bias[head])
                let factor = exp(step * decay[head])
                for j in 0..<shape.valueSize {
                    let value = all[head * shape.valueSize + j]
                    var sum = skip[head] * value
                    for i in 0..<shape.keySize {
                        state[i][j] = state[i][j] * factor + all[values + group * shape.keySize + i] * step * value
                        sum += state[i][j] * all[values + keys + group * shape.keySize + i]
                    }
                    results[row][head * shape.valueSize + j] = sum
                }
            }
        }
        let width = values / shape.keyHeads
        let normed = zip(results, rows).map { result, row in
            let gated = zip(result, row).map { $0 * silu($1) }
            return cut(gated[...], width).enumerated().flatMap { group, part in
                rms(part, Array(weight[group * width..<(group + 1) * width]))
            }
        }
        return try product(normed, .recurrentOutput, index)
    }

    /// Each channel's last rows, weighted: the last weight is the present row's.
    private func convolution(_ x: [[Double]], _ filter: TensorName, _ index: Int) throws -> [[Double]] {
        let taps = try matrix(name(filter, index) + ".weight"), bias = name(filter, index) + ".bias"
        let biases = file.tensorIfPresent(bias) == nil ? nil : try vector(bias)
        return x.indices.map { row in
            taps.enumerated().map { channel, weights in
                weights.enumerated().reduce(biases?[channel] ?? 0) { sum, tap in
                    let from = row - (weights.count - 1) + tap.offset
                    return from < 0 ? sum : sum + tap.element * x[from][channel]
                }
            }
        }
    }

    private func name(_ name: TensorName, _ index: Int) -> String { network.tensorName(name, block: index) }
    private func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
    private func softplus(_ x: Double) -> Double { log1p(exp(x)) }
}
