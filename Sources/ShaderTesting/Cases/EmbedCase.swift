import Compute
import Kernels

/// Embeddings of tokens, from weights that are packed for a product.
struct EmbedCase: DispatchCase {
    var kernel: String { "embed" }

    var format: WeightFormat
    var weights: WeightFormat? { format }
    var rows: Int
    var vocabulary: Int
    var depth: Int
    /// What embeddings are multiplied with.
    var scale: Float = 1
    /// Rows of a table by position that are added; the rows of the case stand at positions 2, 5, 8 and so on.
    var added: Int?
    /// Stands in every seventh weight.
    var special: SpecialValue?

    var description: String {
        "\(format.rawValue) \(rows) tokens of \(vocabulary), \(depth) deep"
            + (scale == 1 ? "" : ", times \(scale)") + (added.map { ", \($0) rows added" } ?? "")
            + (special.map { ", \($0.rawValue)" } ?? "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let table = RandomMatrix(
            format: format, columns: vocabulary, depth: depth, special: special?.weight(format), numbers: &numbers)
        // The first and the last token, then any.
        let ids = Array(([0, vocabulary - 1] + (0..<rows).map { _ in numbers.below(vocabulary) }).suffix(rows))
        let tokens = try TestBuffer("tokens", indices: ids, on: bench.device)
        let packed = try table.upload(to: bench)
        let positions = (0..<rows).map { 3 * $0 + 2 }
        let places = try TestBuffer("places", indices: positions.flatMap { [$0, 0, 0, $0 + 1] }, on: bench.device)
        let addends = numbers.floats((added ?? 0) * depth)
        let list = try TestBuffer("added", addends, on: bench.device)
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: rows * depth), guardWords: 1024 + depth,
            on: bench.device)
        let embed = try Embed(
            bench.kernels, tokens: tokens.buffer, table: packed.weights, y: output.buffer, scale: scale,
            added: added.map { Embed.Added(places: places.buffer, rows: list.buffer, count: $0) })
        let expected = (0..<rows * depth).map { word in
            let weight = estimate(table, ids[word / depth] * depth + word % depth)
            let scaled = scale == 1 ? weight : weight * Estimate(scale)
            guard let added else { return ExpectedResult(word: word, estimate: scaled) }
            let row = min(positions[word / depth], added - 1)
            return ExpectedResult(word: word, estimate: scaled + Estimate(addends[row * depth + word % depth]))
        }
        return Trial(
            inputs: [tokens, places, list] + packed.inputs, outputs: [.init(buffer: output, expected: expected)],
            roundings: 1
        ) { embed.encode($0, rows: rows) }
    }

    /// Weights that stand for themselves are exact, but for subnormals. `q d + m` is two operations.
    private func estimate(_ table: RandomMatrix, _ index: Int) -> Estimate {
        let value = Double(table.values[index])
        if format.blocks != nil {
            return Estimate(value, error: 2 * Estimate.rounding * Double(table.magnitudes[index]))
        }
        let least = format == .f16 ? Double(Float16.leastNormalMagnitude) : Double(Float.leastNormalMagnitude)
        return Estimate(value, error: abs(value) < least ? abs(value) : 0)
    }

    var smaller: [EmbedCase] {
        let multiple = format.depthMultiple
        return rows.smaller(downTo: 1).map { with(\.rows, $0) }
            + vocabulary.smaller(downTo: 1).map { with(\.vocabulary, $0) }
            + depth.smaller(downTo: multiple, by: multiple).map { with(\.depth, $0) }
    }
}

extension EmbedCase {
    /// Tokens, vocabulary, and depth in the format's smallest steps.
    private static let shapes = [
        (0, 4, 1), (1, 1, 1), (31, 33, 33), (33, 257, 2), (127, 31, 31), (257, 127, 5),
    ]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [EmbedCase] {
        let formats = WeightFormat.allCases
        switch fallback {
        case .none:
            let plain = formats.flatMap { cases($0, isQuick ? [(33, 257, 3)] : shapes) }
            return plain + plain.suffix(1).map { $0.with(\.scale, 22.5) }
                + [1, 70, 200].map { EmbedCase(format: .f16, rows: 33, vocabulary: 127, depth: 36, added: $0) }
                + (isQuick ? [] : formats.filter { $0.blocks == nil }.flatMap(specials))
        // Two windows of the 64 KiB that there are.
        case .smallBindings:
            return [WeightFormat.f32, .f16, .bf16, .q8, .q4, .q6K].map { format in
                let depth = (1024 / format.bits).roundedUp(to: format.depthMultiple)
                return EmbedCase(format: format, rows: 33, vocabulary: 1000, depth: depth)
            } + [EmbedCase(format: .f32, rows: 33, vocabulary: 127, depth: 384, added: 64)]
        default: return [.f32, .f16, .bf16, .q8, .q4, .q6K].flatMap { cases($0, [(33, 127, 5)]) }
        }
    }

    private static func cases(_ format: WeightFormat, _ shapes: [(Int, Int, Int)]) -> [EmbedCase] {
        shapes.map { EmbedCase(format: format, rows: $0, vocabulary: $1, depth: $2 * format.depthMultiple) }
    }

    private static func specials(_ format: WeightFormat) -> [EmbedCase] {
        SpecialValue.allCases.map { EmbedCase(format: format, rows: 7, vocabulary: 33, depth: 36, special: $0) }
    }

    static func random(_ numbers: inout Numbers) -> EmbedCase {
        let format = numbers.pick(WeightFormat.allCases)
        return EmbedCase(
            format: format, rows: 1 + numbers.below(80), vocabulary: 1 + numbers.below(300),
            depth: format.depthMultiple * (1 + numbers.below(12)),
            added: numbers.below(3) == 0 ? 1 + numbers.below(200) : nil)
    }
}

extension Int {
    func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}
