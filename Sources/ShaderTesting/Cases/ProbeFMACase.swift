import Compute
import Kernels

/// The probe that benchmarks multiply and add with.
struct ProbeFMACase: DispatchCase {
    var kernel: String { "probe_fma" }

    var chains: Int
    var tiles: Int
    var rounds: Int

    var description: String { "\(chains) chains, \(tiles) tiles, \(rounds) rounds" }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        let limits = bench.kernels.limits
        let lane = limits.vectorWidth
        let count = tiles * limits.groupSize * lane
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: count), on: bench.device)
        let kernel = try bench.kernels.bind("probe_fma", ["CHAINS": "\(chains)"], [output.buffer])
        let factor: Float = 0.75
        var parameters = Parameters()
        parameters.append(rounds)
        parameters.append(factor)
        let sums = (0..<limits.groupSize).map { sum(lane: $0, Estimate(Double(factor))) }
        let expected = (0..<count).map { ExpectedResult(word: $0, estimate: sums[$0 / lane % limits.groupSize]) }
        let tiles = tiles
        return Trial(
            inputs: [], outputs: [.init(buffer: output, expected: expected)], roundings: 2 * rounds + chains
        ) { $0.dispatch(kernel, parameters, tiles: tiles) }
    }

    private func sum(lane: Int, _ factor: Estimate) -> Estimate {
        (0..<chains).reduce(Estimate(0.0)) { sum, chain in
            var value = Estimate(Double(lane + chain))
            for _ in 0..<rounds { value = value * factor + Estimate(0.5) }
            return sum + value
        }
    }

    var smaller: [ProbeFMACase] {
        tiles.smaller(downTo: 1).map { with(\.tiles, $0) } + rounds.smaller(downTo: 0).map { with(\.rounds, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [ProbeFMACase] {
        let chains = fallback == .none ? [2, 4, 8, 12] : [4]
        return chains.map { ProbeFMACase(chains: $0, tiles: isQuick ? 3 : 33, rounds: 7) }
    }
}
