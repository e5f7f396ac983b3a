import Compute
import ComputeVulkan
import Foundation
import GGUF
import Kernels
import Quantities
import TestDevices
import Testing
import Transformer

/// A model whose products have other splits than the default.
@Suite(.serialized)
struct TuningTests {
    /// The choice of a product that differs most from the default in how the depth is cut, and its lowest tile.
    private static func choice(_ product: MatrixProduct, _ kernels: KernelSet) -> ShapeChoice {
        let space = ShapeSpace(product, limits: kernels.limits, facts: kernels.facts)
        let normal = space.shapes(ShapeChoice())[0].options["SPLITS"]
        let few = space.ofFewRows.last { space.shapes($0)[0].options["SPLITS"] != normal } ?? ShapeChoice()
        return space.ofManyRows.last.map(few.with(tileOf:)) ?? few
    }

    /// A prompt fed in one piece, in pieces, and token by token gives the same bits, and run after run.
    @Test(arguments: [TensorType.f32, .q8_0])
    func batchingDoesNotChangeABit(_ type: TensorType) throws {
        let folder = NSTemporaryDirectory() + "weft-tuned-\(UUID().uuidString)", path = folder + "/tiny.gguf"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var tiny = ForwardPassTests.Shape(headSize: 64, heads: 4, kvHeads: 2, type: type).generator
        tiny.embeddingLength = 256
        try tiny.write(to: path)
        let instance = try VulkanInstance(validates: true)
        let device = try VulkanDevice(
            DeviceSelector("vulkan:llvmpipe"), in: instance, cacheDirectory: ProcessFolder.path
        ) { $0.actAsGPU() }
        var options = Model.Options()
        options.maxRows = 32
        let tokens = (0..<29).map { Int32($0 * 11 % 288) }
        func logits(_ tuning: Tuning, widths: [Int]) throws -> [[Float]] {
            let kernels = try KernelSet(device: device, tuning: tuning)
            var sequence = try SingleSequence(
                GGUFFile(path: path), options: options, contextLength: 64, kernels: kernels)
            return try widths.map { width in
                sequence.restart()
                for start in stride(from: 0, to: tokens.count, by: width) {
                    try sequence.feed(Array(tokens[start..<min(tokens.count, start + width)]), at: start)
                }
                return sequence.model.withLogits(0) { logits in logits.indices.map { logits[$0] } }
            }
        }
        let kernels = try KernelSet(device: device)
        let model = try SingleSequence(GGUFFile(path: path), options: options, contextLength: 64, kernels: kernels)
            .model
        var tuning = Tuning()
        for matrix in model.matrices { tuning[matrix.product] = Self.choice(matrix.product, kernels) }
        #expect(tuning.choices.values.count { $0.splits != nil } >= 3, "\(tuning.choices)")
        // As it is at a start: read from the folder.
        let cache = TuningCache(folder: folder + "/tuning")
        _ = try cache.keep(tuning, for: device)
        let read = cache.find(for: device).tuning
        #expect(read == tuning)
        let tuned = try logits(read, widths: [29, 1, 2, 3, 7, 12])
        #expect(tuned.allSatisfy { $0 == tuned[0] })
        #expect(try logits(read, widths: [4])[0] == tuned[0], "another run")
        // The order of sums is another one, and what is added is the same.
        let normal = try logits(Tuning(), widths: [29])[0]
        #expect(normal != tuned[0])
        #expect(zip(normal, tuned[0]).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(instance.validationMessages == [])
    }

    /// A model says which products it has.
    @Test func aModelNamesItsMatrices() throws {
        let path = NSTemporaryDirectory() + "weft-matrices-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try ForwardPassTests.Shape(headSize: 32, heads: 2, kvHeads: 1).generator.write(to: path)
        try onLavapipe { device in
            let file = try GGUFFile(path: path)
            let sequence = try SingleSequence(
                file, options: Model.Options(), contextLength: 16, kernels: KernelSet(device: device), warmsUp: false)
            let network = try Network(file), matrices = sequence.model.matrices
            #expect(matrices.filter(\.isOutput).map(\.product.columns) == [288])
            #expect(matrices.filter(\.product.isPaired).map(\.count) == [network.blocks.count])
            #expect(matrices.map(\.count).reduce(0, +) == 4 * network.blocks.count + 1)
        }
    }
}
