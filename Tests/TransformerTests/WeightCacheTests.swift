import Compute
import ComputeOpenCL
import ComputeVulkan
import Foundation
import GGUF
import Kernels
import Testing
import Transformer

/// Packed weights are kept in files; whatever becomes of a file, the logits are right.
@Suite(.serialized)
struct WeightCacheTests {
    private let folder = NSTemporaryDirectory() + "weft-weights-\(UUID().uuidString)"
    private let model = NSTemporaryDirectory() + "weft-cached-\(UUID().uuidString).gguf"

    private func write(seed: UInt64) throws {
        var tiny = TinyLlama()
        tiny.seed = seed
        tiny.headSize = 32
        try tiny.write(to: model)
    }

    private func logits(_ cache: WeightCache?, on selector: String = "opencl") throws -> [Float] {
        let device: any Device =
            selector == "opencl"
            ? try OpenCLDevice(DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: nil)
            : try VulkanDevice(DeviceSelector(selector), in: VulkanInstance(), cacheDirectory: nil)
        var options = LlamaModel.Options()
        options.maxRows = 8
        var sequence = try SingleSequence(
            GGUFFile(path: model), options: options, contextLength: 32, kernels: KernelSet(device: device),
            cache: cache)
        try sequence.feed([3, 1, 4, 1, 5], at: 0)
        return sequence.model.withLogits(0) { logits in logits.indices.map { logits[$0] } }
    }

    private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }

    private func cleanUp() {
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: model)
    }

    @Test func aKeptFileGivesTheSameLogits() throws {
        defer { cleanUp() }
        try write(seed: 1)
        let expected = try logits(nil)
        let cache = WeightCache(folder: folder)
        #expect(try logits(cache) == expected)
        #expect(files.count == 1)
        let date = try modified()
        #expect(try logits(cache) == expected)
        #expect(try modified() == date, "the second load packed anew")
        // Panels of another width are another file.
        _ = try logits(cache, on: "vulkan:llvmpipe")
        #expect(files.count == 2)
    }

    @Test func aDamagedFileIsPackedAnew() throws {
        defer { cleanUp() }
        try write(seed: 1)
        let cache = WeightCache(folder: folder)
        let expected = try logits(cache)
        let path = "\(folder)/\(try #require(files.first))"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var flipped = whole
        flipped[whole.count / 2] ^= 0x10
        for damaged in [flipped, whole.prefix(whole.count / 2), whole.prefix(10), Data()] {
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            #expect(try logits(cache) == expected)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
        }
    }

    @Test func anotherModelAtThePathIsNoticed() throws {
        defer { cleanUp() }
        let cache = WeightCache(folder: folder)
        try write(seed: 1)
        let first = try logits(cache)
        try write(seed: 2)
        let second = try logits(cache)
        #expect(first != second)
        #expect(try second == logits(nil))
        #expect(files.count == 1, "the file of the old model stays: \(files)")
    }

    @Test func aFolderThatCannotBeMadeIsNoFault() throws {
        defer { cleanUp() }
        try write(seed: 1)
        #expect(try logits(WeightCache(folder: "/proc/none")) == logits(nil))
    }

    private func modified() throws -> Date? {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(try #require(files.first))")
        return attributes[.modificationDate] as? Date
    }
}
