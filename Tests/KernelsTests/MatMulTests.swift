import Compute
import Kernels
import Testing

struct MatMulTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var device: String
        var fallback: Fallback
        var format: WeightFormat
        var testDescription: String { "\(device) \(fallback) \(format)" }
    }

    static let cases = TestDevices.selectors.flatMap { device in
        Fallback.cases(for: device).flatMap { fallback in
            WeightFormat.allCases.map { Case(device: device, fallback: fallback, format: $0) }
        }
    }

    @Test(arguments: cases)
    func matchesReference(_ test: Case) throws {
        let device = try TestDevices.open(test.device, limits: test.fallback.apply)
        let kernels = try KernelSet(device: device)
        let lane = try device.makeLane(label: "test")
        var numbers = Numbers(seed: 7)
        for (rows, depth, columns) in [(1, 32, 4), (2, 96, 36), (3, 64, 68), (9, 160, 132), (33, 32, 100)] {
            let matrix = RandomMatrix(format: test.format, columns: columns, depth: depth, numbers: &numbers)
            let x = numbers.floats(rows * depth)
            let expected = Reference.matmul(x, matrix.values, rows: rows, depth: depth, columns: columns)
            let weights = try matrix.upload(to: device)
            let input = try device.makeBuffer(byteCount: 4 * x.count, access: .device, label: "x")
            try input.write(x)
            let stride = columns + 8
            let guarded = [Float](repeating: 12345, count: rows * stride + 64)
            let output = try device.makeBuffer(byteCount: 4 * guarded.count, access: .device, label: "y")
            try output.write(guarded)
            let product = try MatMul(
                kernels, x: input, weights: weights, y: output, columns: columns, stride: stride, offset: 4)
            try lane.run { product.encode($0, rows: rows) }

            let result = try output.read(guarded.count, of: Float.self)
            for index in result.indices {
                let (row, column) = (index / stride, index % stride - 4)
                if row < rows, 0..<columns ~= column {
                    let wanted = expected[row * columns + column]
                    #expect(
                        abs(result[index] - wanted) < 2e-5 * Float(depth),
                        "\(rows)x\(depth)x\(columns) at \(row),\(column)")
                } else {
                    #expect(result[index] == 12345, "outside, \(rows)x\(depth)x\(columns) at \(row),\(column)")
                }
            }
        }
        TestDevices.expectNoMessages()
    }

    /// A row gives the same bits alone as in any batch, so in every tile height.
    @Test(arguments: cases.filter { $0.fallback == .none || $0.fallback == .fourWide })
    func batchDoesNotChangeABit(_ test: Case) throws {
        let device = try TestDevices.open(test.device, limits: test.fallback.apply)
        let kernels = try KernelSet(device: device)
        let lane = try device.makeLane(label: "test")
        var numbers = Numbers(seed: 9)
        let (rows, depth, columns) = (33, 96, 100)
        let weights = try RandomMatrix(format: test.format, columns: columns, depth: depth, numbers: &numbers)
            .upload(to: device)
        let x = numbers.floats(rows * depth)
        let input = try device.makeBuffer(byteCount: 4 * x.count, access: .device, label: "x")
        let output = try device.makeBuffer(byteCount: 4 * rows * columns, access: .device, label: "y")
        let product = try MatMul(kernels, x: input, weights: weights, y: output, columns: columns, stride: columns)
        try input.write(x)
        try lane.run { product.encode($0, rows: rows) }
        let together = try output.read(rows * columns, of: Float.self)
        for batch in [1, 2, 3, 5, 7, 8, 12, 20] {
            let first = rows - batch
            try input.write(Array(x[(first * depth)...]))
            try lane.run { product.encode($0, rows: batch) }
            let alone = try output.read(batch * columns, of: Float.self)
            #expect(alone == Array(together[(first * columns)...]), "batch of \(batch)")
        }
    }

    @Test(arguments: TestDevices.selectors, [5, 37])
    func addsAndGates(_ selector: String, rows: Int) throws {
        let device = try TestDevices.open(selector)
        let kernels = try KernelSet(device: device)
        let lane = try device.makeLane(label: "test")
        var numbers = Numbers(seed: 8)
        let (depth, columns) = (64, 72)
        let gate = RandomMatrix(format: .q4, columns: columns, depth: depth, numbers: &numbers)
        let up = RandomMatrix(format: .q4, columns: columns, depth: depth, numbers: &numbers)
        let x = numbers.floats(rows * depth)
        let before = numbers.floats(rows * columns)
        let input = try device.makeBuffer(byteCount: 4 * x.count, access: .device, label: "x")
        try input.write(x)
        let output = try device.makeBuffer(byteCount: 4 * before.count, access: .device, label: "y")

        try output.write(before)
        let adding = try MatMul(
            kernels, x: input, weights: gate.upload(to: device), y: output, columns: columns, stride: columns,
            epilogue: .residual)
        try lane.run { adding.encode($0, rows: rows) }
        let product = Reference.matmul(x, gate.values, rows: rows, depth: depth, columns: columns)
        for (result, (old, new)) in zip(try output.read(before.count, of: Float.self), zip(before, product)) {
            #expect(abs(result - (old + new)) < 1e-3)
        }

        let gating = try MatMul(
            kernels, x: input, weights: gate.upload(to: device, alternatingWith: up), y: output, columns: columns,
            stride: columns, epilogue: .swiglu)
        try lane.run { gating.encode($0, rows: rows) }
        let other = Reference.matmul(x, up.values, rows: rows, depth: depth, columns: columns)
        for (result, wanted) in zip(
            try output.read(before.count, of: Float.self), Reference.swiglu(gate: product, up: other))
        {
            #expect(abs(result - wanted) < 1e-3 * max(1, abs(wanted)))
        }
        TestDevices.expectNoMessages()
    }
}
