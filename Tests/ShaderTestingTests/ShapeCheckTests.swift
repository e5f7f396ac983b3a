import Compute
import Kernels
import ShaderTesting
import Testing

/// Products in shapes that a device does not have by default, against the reference and in other batches.
struct ShapeCheckTests {
    private static let products = [
        MatrixProduct(.q4, depth: 320, columns: 576), MatrixProduct(.q8, depth: 320, columns: 576, terms: 1),
        MatrixProduct(.f32, depth: 320, columns: 576, isPaired: true),
    ]

    @Test(arguments: TestDevices.fast, [Fallback.none, .gpu])
    func everyChoiceIsRight(_ device: TestedDevice, _ fallback: Fallback) throws {
        let kernels = try KernelSet(device: device.open(fallback)), check = try ShapeCheck(kernels)
        var count = 0
        // Groups have many choices, which differ in nothing that rows do; bytes have a kernel of their own.
        for product in fallback == .gpu ? Array(Self.products.prefix(2)) : Self.products {
            let space = ShapeSpace(product, limits: kernels.limits, facts: kernels.facts)
            let few = fallback == .gpu && product.terms > 0 ? space.ofFewRows.suffix(1) : space.ofFewRows.dropFirst()
            for choice in few + space.ofManyRows.dropFirst() {
                #expect(check.fault(of: choice, for: product) == nil, "\(product), \(choice)")
                count += 1
            }
        }
        #expect(count > 3)
        print(
            "\(device.description.name), \(fallback.rawValue): \(count) choices are right"
        )
        TestDevices.expectNoMessages()
    }

    /// A kernel whose sums of splits are wrong beyond the splits of the default.
    @Test(arguments: TestDevices.fast)
    func wrongShapesAreNoticed(_ device: TestedDevice) throws {
        var sources = try KernelSources()
        let body = try #require(sources.kernels["matmul"]?.body)
        let changed = body.replacing("split_ < SPLITS;", with: "split_ < min(SPLITS, 8);")
        #expect(changed != body)
        sources.kernels["matmul"]?.body = changed
        let kernels = try KernelSet(device: device.open(.gpu), sources: sources), check = try ShapeCheck(kernels)
        let product = MatrixProduct(.q4, depth: 1024, columns: 576)
        #expect(check.fault(of: ShapeChoice(splits: 8, width: 8), for: product) == nil)
        let fault = try #require(check.fault(of: ShapeChoice(splits: 16, width: 8), for: product))
        #expect(fault.hasPrefix("matmul ") && fault.contains("16 splits"))
    }
}
