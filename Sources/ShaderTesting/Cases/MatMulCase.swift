import Compute
import Kernels

/// A matrix product.
struct MatMulCase: DispatchCase {
    var kernel: String { takesBytes ? "matmul_bytes" : "matmul" }

    var format: WeightFormat
    var weights: WeightFormat? { format }
    /// Whether the rows are quantised.
    var takesBytes = false
    /// Rows of bytes that make one.
    var terms = 1
    var epilogue = MatMul.Epilogue.none
    var hasBias = false
    var rows: Int
    var depth: Int
    var columns: Int
    /// Floats of a row of `y` before and behind the columns that are written.
    var offset = 4
    var gap = 8
    /// Whether tiles are left out that make no difference but in speed.
    var compilesOuterTilesOnly = false
    /// Stands in one row of `x`.
    var special: SpecialValue?
    /// Of shapes; `nil` for those that the device has.
    var choice: ShapeChoice?

    var description: String {
        (takesBytes ? "bytes " : "") + (terms > 1 ? "in \(terms) terms " : "")
            + "\(format.rawValue) \(epilogue.words)\(hasBias ? " biased" : "") \(rows) rows, \(depth) deep, \(columns) columns, offset \(offset), "
            + "gap \(gap)" + (special.map { ", \($0.rawValue)" } ?? "") + (choice.map { ", \($0)" } ?? "")
    }

    private var stride: Int { offset + columns + gap }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let matrix = RandomMatrix(format: format, columns: columns, depth: depth, numbers: &numbers)
        let up =
            epilogue.isPaired
            ? RandomMatrix(format: format, columns: columns, depth: depth, numbers: &numbers) : nil
        let rowInputs = try ProductRows(
            takesBytes, rows: rows, terms: terms, depth: depth, special: special, &numbers, on: bench.device)
        let x = rowInputs.values

        let bias = hasBias ? numbers.floats((epilogue.isPaired ? 2 : 1) * columns).map { 4 * $0 } : nil
        var before = [UInt32](repeating: TestBuffer.guardWord, count: rows * stride)
        let inHalves =
            !takesBytes
            && bench.kernels.multipliesInHalves(
                format, depth: depth, columns: columns, epilogue, choice)
        var expected = results(of: x, matrix, inHalves, bias: bias?.prefix(columns))
        let others = up.map { results(of: x, $0, inHalves, bias: bias?.suffix(columns)) }
        for index in expected.indices {
            var old: Float?
            if [.residual, .gated, .gating].contains(epilogue.form) {
                old = numbers.float()
                before[expected[index].word] = old?.bitPattern ?? 0
            }
            expected[index].estimate = epilogue.estimate(
                expected[index].estimate, up: others?[index].estimate, old: old.map { Estimate($0) })
        }

        let biasInput = try bias.map { bias throws(ComputeError) in try TestBuffer("bias", bias, on: bench.device) }
        let packed = try matrix.upload(to: bench, alternatingWith: up)
        // A kernel that forgets which rows there are writes a whole tile.
        let output = try TestBuffer("y", before, guardWords: 1024 + 16 * stride, on: bench.device)
        func makeProduct() throws(ComputeError) -> MatMul {
            try MatMul(
                bench.kernels, x: rowInputs.rows, weights: packed.weights, bias: biasInput?.buffer, y: output.buffer,
                columns: columns, stride: stride, offset: offset, epilogue: epilogue,
                choice: choice)
        }
        let product: MatMul
        if compilesOuterTilesOnly {
            let (gathered, pending) = try bench.kernels.gather(makeProduct)
            try pending.compileFirst()
            product = gathered
        } else {
            product = try makeProduct()
        }
        return Trial(
            inputs: rowInputs.buffers + packed.inputs + (biasInput.map { [$0] } ?? []),
            outputs: [.init(buffer: output, expected: expected)],
            roundings: depth + 4
        ) { product.encode($0, rows: rows) }
    }

    private func results(
        of x: [Float], _ matrix: RandomMatrix, _ inHalves: Bool, bias: ArraySlice<Float>?
    ) -> [ExpectedResult] {
        let products = Reference.estimateMatmul(
            x, matrix.values, magnitudes: matrix.magnitudes, inHalves: inHalves, rows: rows * terms, depth: depth,
            columns: columns)
        return (0..<rows * columns).map { index in
            let (row, column) = (index / columns, index % columns)
            let estimate = (1..<terms).reduce(products[row * terms * columns + column]) {
                $0 + products[(row * terms + $1) * columns + column]
            }
            let biased = bias.map { estimate + Estimate($0[$0.startIndex + column]) } ?? estimate
            return ExpectedResult(word: row * stride + offset + column, estimate: biased)
        }
    }

    var smaller: [MatMulCase] {
        let multiple = format.depthMultiple
        return rows.smaller(downTo: 1).map { with(\.rows, $0) }
            + depth.smaller(downTo: multiple, by: multiple).map { with(\.depth, $0) }
            + columns.smaller(downTo: 4, by: 4).map { with(\.columns, $0) }
            + (hasBias ? [with(\.hasBias, false)] : []) + offset.smaller(downTo: 0, by: 4).map { with(\.offset, $0) }
            + gap.smaller(downTo: 0, by: 4).map { with(\.gap, $0) }
    }
}

/// The rows of a product on a device, and the numbers that they stand for.
struct ProductRows {
    /// `[rows][terms][depth]`, where they are bytes
    let values: [Float]
    let rows: MatMul.Rows
    let buffers: [TestBuffer]

    init(
        _ areBytes: Bool, rows: Int, terms: Int = 1, depth: Int, special: SpecialValue? = nil, _ numbers: inout Numbers,
        on device: any Device
    ) throws(ComputeError) {
        guard areBytes else {
            var values = numbers.floats(rows * depth)
            special?.place(in: &values, rows: rows, width: depth)
            let x = try TestBuffer("x", values, on: device)
            (self.values, self.rows, buffers) = (values, .floats(x.buffer), [x])
            return
        }
        let bytes = (0..<rows * terms * depth).map { _ in Int8(numbers.below(255) - 127) }
        // Of half precision, so that a scale times a byte, or times the sum of a block, is exact.
        let scales = (0..<rows * terms * depth / QuantisedRows.blockSize).map { _ in Float(numbers.half()) / 127 }
            .map { Float(Float16($0)) }
        values = bytes.enumerated().map { scales[$0 / QuantisedRows.blockSize] * Float($1) }
        let numbersOfScales = scales.enumerated().flatMap { block, scale in
            let sums = (2 * block..<2 * block + 2).map { half in
                bytes[16 * half..<16 * (half + 1)].reduce(0) { $0 + Int($1) }
            }
            return [scale] + sums.map { scale * Float($0) }
        }
        let words = stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(UInt8(bitPattern: bytes[start + $1])) << (8 * UInt32($1)) }
        }
        let x = try TestBuffer("x", words, on: device)
        let packedScales = try TestBuffer("scales of x", numbersOfScales, on: device)
        self.rows = .bytes(QuantisedRows(bytes: x.buffer, scales: packedScales.buffer, terms: terms))
        buffers = [x, packedScales]
    }
}

extension KernelSet {
    /// Whether products of floats round their operands to halves, as those on matrix units do.
    func multipliesInHalves(
        _ format: WeightFormat, depth: Int, columns: Int, _ epilogue: MatMul.Epilogue, _ choice: ShapeChoice? = nil
    ) -> Bool {
        let product = MatrixProduct(format, depth: depth, columns: columns, isPaired: epilogue.isPaired)
        return product.shapes(choice ?? tuning[product], limits: limits, facts: facts).contains { $0.path == .matrix }
    }
}

extension MatMul.Epilogue {
    /// How cases name it.
    var words: String {
        form.rawValue + (activation == .silu ? "" : " \(activation.rawValue)")
            + (scale == 1 ? "" : " scaled by \(scale)")
            + (cap.map { " capped at \($0)" } ?? "")
    }

    /// What becomes of a product that its bias is added to.
    /// - Parameters:
    ///   - up: the other product of a pair.
    ///   - old: what stands in the result's place.
    func estimate(_ product: Estimate, up: Estimate?, old: Estimate?) -> Estimate {
        let scaled = scale == 1 ? product : product * Estimate(scale)
        let result =
            cap.map { (product * (Estimate(scale) / Estimate($0))).hyperbolicTangent * Estimate($0) } ?? scaled
        return switch form {
        case .none: result
        case .residual: result + (old ?? Estimate(0.0))
        case .paired: Reference.estimateGated(activation, gate: product, up: up ?? Estimate(0.0))
        case .gated: Reference.estimateGated(activation, gate: old ?? Estimate(0.0), up: result)
        case .activated: Reference.estimateActivated(activation, result)
        case .gating: (old ?? Estimate(0.0)) * Reference.sigmoid(result)
        }
    }
}
