import Compute
import Kernels
import Quantities

/// Channels convolved over time, piece by piece.
struct ConvolutionCase: DispatchCase {
    var kernel: String { "convolve" }

    var form = CausalConvolution.Shape.Form.silu
    var channels: Int
    var taps: Int
    var hasBias = false
    var pieces: [PieceBatch.Piece]

    var description: String {
        "\(form.rawValue) \(channels) channels, \(taps) taps,\(hasBias ? " biased," : "") pieces of \(pieces)"
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let shape = CausalConvolution.Shape(channels: channels, taps: taps, form: form)
        let batch = PieceBatch(pieces, shape.state, rowsPerPage: 5, numbers: &numbers)
        let width = (form == .gated ? 3 : 1) * channels
        let given = pieces.map { piece in (0..<piece.rows).map { _ in numbers.floats(width) } }
        let weights = numbers.floats(channels * taps), biases = hasBias ? numbers.floats(channels) : nil
        let results = pieces.indices.map { piece in
            Reference.convolve(
                shape, given[piece], weight: weights, bias: biases, state: byTaps(batch.before[piece]))
        }

        let x = try PieceColumns("x", given, width: width, on: bench.device)
        let weight = try TestBuffer("weight", weights, on: bench.device)
        let bias = try biases.map { biases throws(ComputeError) in
            try TestBuffer("bias", biases, on: bench.device)
        }
        let y = try PieceResults(results.map(\.y), width: channels, batch, on: bench.device)
        let (inputs, pool, buffers) = try batch.upload(to: bench.device)
        let convolution = try CausalConvolution(
            bench.kernels, shape, x: x.columns(), weight: weight.buffer, bias: bias?.buffer, y: y.columns,
            pieces: buffers, firstPage: batch.firstPage)
        let states = results.map { byChannels($0.state) }
        let count = pieces.count
        return Trial(
            inputs: [x.input, weight] + (bias.map { [$0] } ?? []) + inputs,
            outputs: [y.output, .init(buffer: pool, expected: batch.expected(states))], roundings: taps + 4
        ) { convolution.encode($0, pieces: count) }
    }

    /// `[taps - 1][channels]` of what stands in pages as `[channels / 4][taps - 1][4]`.
    private func byTaps(_ rows: [[Float]]) -> [[Float]] {
        (0..<taps - 1).map { tap in (0..<channels).map { rows[$0 / 4][4 * tap + $0 % 4] } }
    }

    private func byChannels(_ state: [[Estimate]]) -> [[Estimate]] {
        (0..<channels / 4).map { quad in state.flatMap { $0[4 * quad..<4 * quad + 4] } }
    }

    var smaller: [ConvolutionCase] {
        pieces.smaller.map { with(\.pieces, $0) } + channels.smaller(downTo: 4, by: 4).map { with(\.channels, $0) }
            + taps.smaller(downTo: 2).map { with(\.taps, $0) } + (hasBias ? [with(\.hasBias, false)] : [])
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [ConvolutionCase] {
        // The longest has rows for every part, the shortest fewer than taps.
        let mixed: [PieceBatch.Piece] = [.init(3), .init(1, at: 9), .init(150, at: 4), .init(2, at: 1), .init(5)]
        let plain = [
            ConvolutionCase(channels: 64, taps: 4, pieces: mixed),
            ConvolutionCase(channels: 36, taps: 4, hasBias: true, pieces: [.init(1), .init(40), .init(3, at: 2)]),
            ConvolutionCase(form: .gated, channels: 320, taps: 3, pieces: [.init(33, at: 5), .init(130), .init(1)]),
            ConvolutionCase(channels: 64, taps: 4, pieces: PieceBatch.Piece.decode(16)),
        ]
        guard fallback == .none else { return plain }
        let others = [
            ConvolutionCase(channels: 32, taps: 8, hasBias: true, pieces: mixed),
            ConvolutionCase(form: .gated, channels: 20, taps: 2, pieces: mixed),
        ]
        return plain + others
            + (isQuick
                ? []
                : [
                    ConvolutionCase(channels: 4, taps: 4, pieces: []),
                    ConvolutionCase(channels: 6144, taps: 4, pieces: [.init(61)]),
                    ConvolutionCase(form: .gated, channels: 2048, taps: 3, pieces: mixed),
                ])
    }

    static func random(_ numbers: inout Numbers) -> ConvolutionCase {
        let isGated = numbers.below(2) == 0
        return ConvolutionCase(
            form: isGated ? .gated : .silu, channels: 4 * (1 + numbers.below(100)), taps: isGated ? 3 : 4,
            hasBias: !isGated && numbers.below(2) == 0, pieces: PieceBatch.Piece.random(&numbers))
    }
}
