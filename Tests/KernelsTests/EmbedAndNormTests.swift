import Compute
import Kernels
import Testing

struct EmbedAndNormTests {
    static let cases = TestDevices.selectors.flatMap { selector in
        Fallback.cases(for: selector).map { (selector, $0) }
    }

    @Test(arguments: cases, WeightFormat.allCases)
    func embedsTokens(_ place: (selector: String, fallback: Fallback), _ format: WeightFormat) throws {
        let device = try TestDevices.open(place.selector, limits: place.fallback.apply)
        let kernels = try KernelSet(device: device)
        var numbers = Numbers(seed: 3)
        let table = RandomMatrix(format: format, columns: 70, depth: 96, numbers: &numbers)
        let ids: [UInt32] = [0, 69, 33, 31, 32, 64]
        let tokens = try device.makeBuffer(byteCount: 4 * ids.count, access: .host, label: "tokens")
        try tokens.write(ids)
        let output = try device.makeBuffer(byteCount: 4 * 96 * ids.count, access: .device, label: "y")
        let embed = try Embed(kernels, tokens: tokens, table: table.upload(to: device), y: output)
        try device.makeLane(label: "test").run { embed.encode($0, rows: ids.count) }
        let result = try output.read(96 * ids.count, of: Float.self)
        let expected = ids.flatMap { table.values[Int($0) * 96..<Int($0) * 96 + 96] }
        for (a, b) in zip(result, expected) { #expect(abs(a - b) <= 1e-6 * max(1, abs(b))) }
        TestDevices.expectNoMessages()
    }

    @Test(arguments: cases)
    func normalisesRows(_ selector: String, _ fallback: Fallback) throws {
        let device = try TestDevices.open(selector, limits: fallback.apply)
        let kernels = try KernelSet(device: device)
        let lane = try device.makeLane(label: "test")
        var numbers = Numbers(seed: 4)
        for width in [4, 36, 576] {
            let x = numbers.floats(5 * width), weight = numbers.floats(width)
            let expected = Reference.rmsNorm(x, weight: weight, epsilon: 1e-5)
            let input = try device.makeBuffer(byteCount: 4 * x.count, access: .device, label: "x")
            let scale = try device.makeBuffer(byteCount: 4 * width, access: .device, label: "weight")
            let output = try device.makeBuffer(byteCount: 4 * x.count, access: .device, label: "y")
            let sources = try device.makeBuffer(byteCount: 12, access: .host, label: "sources")
            try input.write(x)
            try scale.write(weight)
            try sources.write([4, 0, 2] as [UInt32])
            let norm = try RMSNorm(kernels, x: input, weight: scale, y: output, width: width, epsilon: 1e-5)
            try lane.run { norm.encode($0, rows: 5) }
            for (a, b) in zip(try output.read(x.count, of: Float.self), expected) { #expect(abs(a - b) < 1e-5) }

            let gather = try RMSNorm(
                kernels, x: input, weight: scale, sources: sources, y: output, width: width, epsilon: 1e-5)
            try lane.run { gather.encode($0, rows: 3) }
            let wanted = [4, 0, 2].flatMap { expected[$0 * width..<($0 + 1) * width] }
            for (a, b) in zip(try output.read(3 * width, of: Float.self), wanted) { #expect(abs(a - b) < 1e-5) }
        }
        TestDevices.expectNoMessages()
    }
}
