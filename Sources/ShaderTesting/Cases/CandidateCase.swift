import Compute
import Kernels

/// The likeliest tokens of rows of logits.
struct CandidateCase: DispatchCase {
    var kernel: String { "candidates" }

    /// How far apart logits are.
    enum Spread: String, Sendable {
        /// Hardly any two are equal.
        case wide
        /// Each is one of a hundred.
        case tied
        /// All are equal.
        case equal
        /// The largest are in one block.
        case crowded
    }

    var rows: Int
    var vocabulary: Int
    /// Of the first row; the others want fewer.
    var wanted: Int
    var slope: Float = 1
    var spread = Spread.wide
    /// Logits of nobody behind a row's.
    var gap = 0

    var description: String {
        "\(wanted) of \(vocabulary) tokens of \(rows) rows, \(spread), slope \(slope)" + (gap > 0 ? ", gap \(gap)" : "")
    }

    private func logits(_ numbers: inout Numbers) -> [Float] {
        (0..<vocabulary).map { token in
            let number = 8 * numbers.float()
            return switch spread {
            case .wide: number
            case .tied: (number * 6).rounded() / 6
            case .equal: 2.5
            case .crowded: token % 256 == 77 ? 10 + number : number
            }
        }
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let values = (0..<rows).map { _ in logits(&numbers) }
        let counts = (0..<rows).map { max(1, wanted - 9 * $0) }
        let slopes = (0..<rows).map { $0 % 3 == 2 ? 0 : slope }
        // What stands in the gap would be the likeliest.
        let padded = values.flatMap { $0 + [Float](repeating: 100, count: gap) }
        let x = try TestBuffer("logits", padded, on: bench.device)
        let wants = try TestBuffer("counts", counts.map { UInt32($0) }, on: bench.device)
        let steep = try TestBuffer("slopes", slopes, on: bench.device)
        let words = CandidateTokens.words
        let output = try TestBuffer(
            "found", [UInt32](repeating: TestBuffer.guardWord, count: rows * words), on: bench.device)
        let candidates = try CandidateTokens(
            bench.kernels, logits: x.buffer, stride: vocabulary + gap, vocabulary: vocabulary, counts: wants.buffer,
            slopes: steep.buffer, found: output.buffer)
        let expected = (0..<rows).flatMap { row -> [ExpectedResult] in
            let tokens = Reference.candidates(values[row], wanted: counts[row]), first = row * words
            let weight = Reference.weight(values[row], slope: slopes[row])
            return ExpectedResult.whole(tokens?.count ?? 0, at: first)
                + [ExpectedResult(word: first + 1, estimate: weight)]
                + (tokens ?? []).enumerated().flatMap { rank, token in
                    ExpectedResult.whole(Int(token), at: first + 2 + rank) + [
                        ExpectedResult(
                            word: first + 2 + CandidateTokens.most + rank, estimate: Estimate(values[row][Int(token)]))
                    ]
                }
        }
        return Trial(
            inputs: [x, wants, steep], outputs: [.init(buffer: output, expected: expected)],
            roundings: vocabulary + 8
        ) { candidates.encode($0, rows: rows) }
    }

    var smaller: [CandidateCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + wanted.smaller(downTo: 1).map { with(\.wanted, $0) }
            + vocabulary.smaller(downTo: wanted).map { with(\.vocabulary, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [CandidateCase] {
        let plain = [
            CandidateCase(rows: 5, vocabulary: 3000, wanted: 64, gap: 3),
            CandidateCase(rows: 3, vocabulary: 1300, wanted: 20, slope: 0.3, spread: .tied),
            CandidateCase(rows: 2, vocabulary: 64, wanted: 64, slope: 2.5),
            CandidateCase(rows: 3, vocabulary: 700, wanted: 5, spread: .equal),
        ]
        guard fallback == .none, !isQuick else { return plain }
        return plain + [
            CandidateCase(rows: 2, vocabulary: 50_257, wanted: 64), CandidateCase(rows: 1, vocabulary: 1, wanted: 1),
            CandidateCase(rows: 2, vocabulary: 9000, wanted: 40, spread: .crowded),
            // Lavapipe ends loops after 65,535 turns of all of them together.
            CandidateCase(rows: 2, vocabulary: 80_000, wanted: 40, spread: .crowded),
            CandidateCase(rows: 0, vocabulary: 100, wanted: 4),
        ]
    }

    static func random(_ numbers: inout Numbers) -> CandidateCase {
        let vocabulary = 1 + numbers.below(900)
        return CandidateCase(
            rows: 1 + numbers.below(8), vocabulary: vocabulary, wanted: 1 + numbers.below(min(64, vocabulary)),
            spread: numbers.pick([.wide, .tied, .crowded]), gap: numbers.below(5))
    }
}
