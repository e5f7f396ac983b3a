import Compute
import Kernels

/// The probe that benchmarks copy with.
struct ProbeCopyCase: DispatchCase {
    var kernel: String { "probe_copy" }
    /// Vecs of a tile.
    private static let piece = 1024

    var vecs: Int

    var description: String { "\(vecs) vecs" }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        let count = vecs * bench.kernels.limits.vectorWidth
        var numbers = Numbers(for: description)
        let values = numbers.floats(count)
        let input = try TestBuffer("x", values, on: bench.device)
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: count), on: bench.device)
        let kernel = try bench.kernels.bind("probe_copy", ["PIECE": "\(Self.piece)"], [input.buffer, output.buffer])
        var parameters = Parameters()
        parameters.append(vecs)
        let tiles = (vecs + Self.piece - 1) / Self.piece
        let expected = values.enumerated().map { ExpectedResult(word: $0, estimate: Estimate(Double($1))) }
        return Trial(inputs: [input], outputs: [.init(buffer: output, expected: expected)], roundings: 0) {
            $0.dispatch(kernel, parameters, tiles: tiles)
        }
    }

    var smaller: [ProbeCopyCase] { vecs.smaller(downTo: 1).map { ProbeCopyCase(vecs: $0) } }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [ProbeCopyCase] {
        (fallback == .none && !isQuick ? [0, 1, 31, 1023, 1024, 1025, 5000] : [1025]).map { ProbeCopyCase(vecs: $0) }
    }
}
