import Kernels

extension MatMulCase {
    /// Rows, depth in the format's smallest steps, and columns in quads. Every tile height, full and ragged.
    private static let shapes = [
        (1, 33, 257), (2, 2, 31), (3, 5, 1), (4, 1, 33), (31, 2, 127), (33, 31, 1), (127, 1, 33), (257, 3, 31),
        (0, 1, 1),
    ]
    private static let briefly = [(1, 5, 33), (2, 1, 31), (3, 2, 1), (33, 3, 33)]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [MatMulCase] {
        switch fallback {
        case .none:
            let plain = WeightFormat.allCases.flatMap { cases($0, isQuick ? briefly : shapes) }
            let gated: [MatMul.Epilogue] = [.residual, .swiglu]
            let formats: [WeightFormat] = isQuick ? [.q4] : WeightFormat.allCases
            return plain + formats.flatMap { format in gated.flatMap { cases(format, briefly, $0) } }
                + (isQuick ? [] : WeightFormat.allCases.flatMap(specials)) + bytes(isQuick ? briefly : shapes)
        case .smallBindings: return windowed(isQuick ? [.f32, .q4] : WeightFormat.allCases)
        case .fourWide, .eightWide: return WeightFormat.allCases.flatMap { cases($0, briefly) } + bytes(briefly)
        // Loads and groups do not depend on the format; how weights are unpacked depends on the width of a vec.
        case .noTexels where isQuick, .noSubgroups where isQuick: return [.f32, .q4].flatMap { cases($0, briefly) }
        default: return WeightFormat.allCases.flatMap { cases($0, briefly) } + cases(.q4, [(33, 3, 33)], .swiglu)
        }
    }

    private static func cases(
        _ format: WeightFormat, _ shapes: [(Int, Int, Int)], _ epilogue: MatMul.Epilogue = .none
    ) -> [MatMulCase] {
        shapes.map {
            MatMulCase(
                format: format, epilogue: epilogue, rows: $0, depth: $1 * format.depthMultiple, columns: 4 * $2)
        }
    }

    /// Rows of bytes, with the formats that they are for.
    private static func bytes(_ shapes: [(Int, Int, Int)]) -> [MatMulCase] {
        [WeightFormat.q8, .q4].flatMap { format in
            (cases(format, shapes) + cases(format, briefly, .residual) + cases(format, briefly, .swiglu))
                .map { $0.with(\.takesBytes, true) }
        }
    }

    private static func specials(_ format: WeightFormat) -> [MatMulCase] {
        SpecialValue.allCases.map {
            MatMulCase(format: format, rows: 9, depth: 96, columns: 36, special: $0)
        }
    }

    /// Weights that take two or three windows, then `x` and `y` that do.
    private static func windowed(_ formats: [WeightFormat]) -> [MatMulCase] {
        formats.flatMap { format in
            let depth = [WeightFormat.f32: 32, .f16: 64, .bf16: 64, .q8: 96, .q4: 160][format] ?? 32
            return [
                MatMulCase(format: format, rows: 3, depth: depth, columns: 1028),
                MatMulCase(format: format, rows: 127, depth: 160, columns: 132),
            ]
        }
    }

    static func random(_ numbers: inout Numbers) -> MatMulCase {
        let format = numbers.pick(WeightFormat.allCases)
        return MatMulCase(
            format: format, takesBytes: format.blockSize != nil && numbers.below(2) == 0,
            epilogue: numbers.pick([.none, .residual, .swiglu]), rows: 1 + numbers.below(80),
            depth: format.depthMultiple * (1 + numbers.below(12)), columns: 4 * (1 + numbers.below(80)),
            offset: 4 * numbers.below(4), gap: 4 * numbers.below(4))
    }
}
