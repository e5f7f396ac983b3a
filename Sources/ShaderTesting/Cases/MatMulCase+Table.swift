import Kernels

extension MatMulCase {
    /// Rows, depth in the format's smallest steps or blocks of 32, and columns in quads. Every tile height, full and
    /// ragged.
    private static let shapes = [
        (1, 33, 257), (2, 2, 31), (3, 5, 1), (4, 1, 33), (31, 2, 127), (33, 31, 1), (127, 1, 33), (257, 3, 31),
        (0, 1, 1),
    ]
    private static let briefly = [(1, 5, 33), (2, 1, 31), (3, 2, 1), (33, 3, 33)]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [MatMulCase] {
        switch fallback {
        case .none where isQuick:
            return ofEachWidth.flatMap { cases($0, briefly) }
                + [.residual, .swiglu, .gated].flatMap { cases(.q4, briefly, $0) }
                + bytes([.q8, .q4], briefly) + others.flatMap { inBrief($0) + inBrief($0, takesBytes: true) }
                + outer(epilogues(.f32, [(33, 9, 33), (1, 17, 31)]))
                + outer(epilogues(.q4, [(33, 9, 33)], everyOther: 2)).map { $0.with(\.takesBytes, true) }
        case .none:
            let gated: [MatMul.Epilogue] = [.residual, .swiglu, .gated]
            return ofEachWidth.flatMap { cases($0, shapes) + specials($0) } + others.flatMap { cases($0, briefly) }
                + WeightFormat.allCases.flatMap { format in gated.flatMap { cases(format, briefly, $0) } }
                + bytes([.q8, .q4], shapes) + bytes(others, briefly)
                + [.f32, .q4].flatMap { epilogues($0, briefly) }
                + epilogues(.q4, briefly).map { $0.with(\.takesBytes, true) }
        case .gpu:
            let gated = [MatMul.Epilogue.residual, .swiglu, .gated].flatMap { inGroups(isQuick ? .q4 : .q6K, $0) }
            return (isQuick ? [.f32, .q4] : ofEachWidth).flatMap { inGroups($0) } + gated
                + (isQuick ? [.f16, .q6K] : others).flatMap { outer(inGroups($0)) }
                + outer(epilogues(.f32, [(1, 73, 33), (97, 73, 17)])) + bytesInGroups(isQuick: isQuick)
        case .smallGPU:
            return [.f32, .q4].flatMap { outer(inGroups($0, .swiglu)) }
                + [.q8, .q4].flatMap { outer(inGroups($0, .swiglu)) }.map { $0.with(\.takesBytes, true) }
        case .smallBindings: return windowed(isQuick ? [.f32, .q4] : ofEachWidth + [.q6K])
        case .fourWide, .eightWide:
            return ofEachWidth.flatMap { cases($0, briefly) } + bytes([.q8, .q4], briefly)
                + inBrief(.q6K) + inBrief(.iq4NL, takesBytes: true)
        // Loads and groups do not depend on the format; how weights are unpacked depends on the width of a vec.
        case .noTexels where isQuick, .noSubgroups where isQuick: return [.f32, .q4].flatMap { cases($0, briefly) }
        default: return ofEachWidth.flatMap { cases($0, briefly) } + cases(.q4, [(33, 3, 33)], .swiglu)
        }
    }

    private static let ofEachWidth: [WeightFormat] = [.f32, .f16, .bf16, .q8, .q4]
    /// Formats that differ from those in how weights are unpacked, and in nothing else.
    private static let others = WeightFormat.allCases.filter { !ofEachWidth.contains($0) }

    /// The highest and the lowest tile.
    private static func inBrief(_ format: WeightFormat, takesBytes: Bool = false) -> [MatMulCase] {
        outer(cases(format, [(33, 9, 33), (1, 17, 31)])).map { $0.with(\.takesBytes, takesBytes) }
    }

    private static func outer(_ cases: [MatMulCase]) -> [MatMulCase] {
        cases.map { $0.with(\.compilesOuterTilesOnly, true) }
    }

    /// A depth of eight splits and a little, and tiles of every height of a GPU, full and ragged.
    private static func inGroups(_ format: WeightFormat, _ epilogue: MatMul.Epilogue = .none) -> [MatMulCase] {
        [(1, 33), (3, 9), (4, 8), (15, 33), (32, 31), (63, 33), (97, 17)].map { rows, quads in
            MatMulCase(
                format: format, epilogue: epilogue, rows: rows,
                depth: (9 * 32 + 4).roundedUp(to: format.depthMultiple), columns: 4 * quads)
        }
    }

    /// Rows of bytes in groups: each way to multiply, every height, each form of results, and two terms.
    private static func bytesInGroups(isQuick: Bool) -> [MatMulCase] {
        if isQuick {
            let some = outer([.q4, .q8, .iq4NL].flatMap { inGroups($0) } + inGroups(.q4, .swiglu))
            return (some + outer(inGroups(.q8)).map { $0.with(\.terms, 2) }).map { $0.with(\.takesBytes, true) }
        }
        let whole = [.q8, .q6K, .q4].flatMap { inGroups($0) } + outer(WeightFormat.inBlocks.flatMap { inGroups($0) })
        let results =
            outer([.residual, .swiglu, .gated].flatMap { inGroups(.q6K, $0) })
            + outer(epilogues(.q4, [(1, 73, 33), (97, 73, 17)], everyOther: 2))
        let terms = [.q8, .q4, .q2K].flatMap { inGroups($0) }.map { $0.with(\.terms, 2) }
        return (whole + results + terms).map { $0.with(\.takesBytes, true) }
    }

    /// What else is done to results: each activation, and each form with a bias and a scale.
    /// - Parameter step: 2 leaves out every second of them.
    private static func epilogues(
        _ format: WeightFormat, _ shapes: [(Int, Int, Int)], everyOther step: Int = 1
    ) -> [MatMulCase] {
        let plain: [MatMul.Epilogue] = [
            .init(.paired, .gelu), .init(.gated, .squaredRelu), .init(.none, scale: 3, cap: 5),
            .init(.activated, .gelu), .gating, .init(.activated, .squaredRelu),
        ]
        let biased: [MatMul.Epilogue] = [
            .init(.paired, .clampedSilu), .init(.residual, scale: 0.3), .init(.none, scale: 0.3),
            .init(.gated, .clampedSilu), .init(.activated),
        ]
        func some(_ epilogues: [MatMul.Epilogue]) -> [MatMul.Epilogue] {
            stride(from: 0, to: epilogues.count, by: step).map { epilogues[$0] }
        }
        return some(plain).flatMap { cases(format, shapes, $0) }
            + some(biased).flatMap { cases(format, shapes, $0) }.map { $0.with(\.hasBias, true) }
    }

    private static func cases(
        _ format: WeightFormat, _ shapes: [(Int, Int, Int)], _ epilogue: MatMul.Epilogue = .none
    ) -> [MatMulCase] {
        shapes.map {
            MatMulCase(
                format: format, epilogue: epilogue, rows: $0,
                depth: ($1 * min(format.depthMultiple, 32)).roundedUp(to: format.depthMultiple), columns: 4 * $2)
        }
    }

    /// Rows of bytes, with the formats that they are for.
    private static func bytes(_ formats: [WeightFormat], _ shapes: [(Int, Int, Int)]) -> [MatMulCase] {
        formats.flatMap { format in
            (cases(format, shapes)
                + [.residual, .swiglu, .gated].flatMap { cases(format, briefly, $0) })
                .map { $0.with(\.takesBytes, true) }
                + cases(format, briefly).map { $0.with(\.takesBytes, true).with(\.terms, 2) }
        }
    }

    private static func specials(_ format: WeightFormat) -> [MatMulCase] {
        SpecialValue.allCases.map {
            MatMulCase(format: format, rows: 9, depth: 96.roundedUp(to: format.depthMultiple), columns: 36, special: $0)
        }
    }

    /// Weights that take two or three windows, then `x` and `y` that do.
    private static func windowed(_ formats: [WeightFormat]) -> [MatMulCase] {
        formats.flatMap { format in
            let depth = [WeightFormat.f32: 32, .f16: 64, .bf16: 64, .q8: 96, .q4: 160][format] ?? format.depthMultiple
            let least = 160.roundedUp(to: format.depthMultiple)
            return [
                MatMulCase(format: format, rows: 3, depth: depth, columns: 1028),
                MatMulCase(format: format, rows: 127, depth: least, columns: 132),
            ]
        }
    }

    static func random(_ numbers: inout Numbers) -> MatMulCase {
        let format = numbers.pick(WeightFormat.allCases)
        let terms = format.blocks == nil ? 0 : numbers.below(3)
        return MatMulCase(
            format: format, takesBytes: terms > 0, terms: max(1, terms),
            epilogue: numbers.pick([.none, .residual, .swiglu, .gated]), rows: 1 + numbers.below(80),
            depth: format.depthMultiple * (1 + numbers.below(12)), columns: 4 * (1 + numbers.below(80)),
            offset: 4 * numbers.below(4), gap: 4 * numbers.below(4))
    }
}

extension WeightFormat {
    /// Formats of weights that share scales.
    static let inBlocks = allCases.filter { $0.blocks != nil }
}
