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
        var options = Model.Options()
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
        // Panels of another width are another file; on CPUs without vectors of 16 both devices have the same.
        _ = try logits(cache, on: "vulkan:llvmpipe")
        let wide = try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: nil)
        #expect(
            files.count == (PanelLayout(vectorWidth: wide.limits.vectorWidth) == PanelLayout(vectorWidth: 4) ? 1 : 2))
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
        var last = whole
        last[whole.count - 1] ^= 0x10
        for damaged in [flipped, last, whole.prefix(whole.count / 2), whole.prefix(10), Data()] {
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o600)
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

    /// Whoever can write to the file can end or fool a process that has it mapped.
    @Test func weightsInUseDoNotChangeWithTheirFile() throws {
        defer { cleanUp() }
        try write(seed: 1)
        let cache = WeightCache(folder: folder)
        let expected = try logits(cache)
        let device = try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: nil)
        var options = Model.Options()
        options.maxRows = 8
        var sequence = try SingleSequence(
            GGUFFile(path: model), options: options, contextLength: 32,
            kernels: KernelSet(device: device), cache: cache)
        let path = "\(folder)/\(try #require(files.first))"
        let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
        let attack = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try attack.write(contentsOf: Data(repeating: 0x55, count: size))
        try sequence.feed([3, 1, 4, 1, 5], at: 0)
        #expect(sequence.model.withLogits(0) { logits in logits.indices.map { logits[$0] } } == expected)
        try attack.truncate(atOffset: 0)
        sequence.restart()
        try sequence.feed([3, 1, 4, 1, 5], at: 0)
        #expect(sequence.model.withLogits(0) { logits in logits.indices.map { logits[$0] } } == expected)
    }

    @Test func keptFilesAreTheUsersAlone() throws {
        defer { cleanUp() }
        try write(seed: 1)
        let cache = WeightCache(folder: folder)
        let expected = try logits(cache)
        let path = "\(folder)/\(try #require(files.first))"
        #expect(try mode(folder) == 0o700)
        #expect(try mode(path) == 0o600)
        let date = try modified()
        chmod(path, 0o666)
        #expect(try logits(cache) == expected)
        #expect(try mode(path) == 0o600)
        #expect(try modified() != date, "a file that others could write was used")
    }

    @Test("Fault 10: a file that is cut while it is packed is an error and no signal")
    func aFileThatIsCutWhileItIsPackedIsAnErrorAndNoSignal() throws {
        defer { cleanUp() }
        try write(seed: 1)
        let cache = WeightCache(folder: folder)
        let file = try GGUFFile(path: model)
        let error = try #require(throws: (any Error).self) {
            try PackedWeights(file, vectorWidth: 16, cache: cache) { _ in truncate(model, 50_000) }
        }
        #expect("\(error)".contains("changed from \(file.byteCount) to 50000 bytes while it was open"), "\(error)")
        #expect(files == [])
    }

    @Test func aFileThatIsWrittenToWhileItIsPackedIsNotServed() throws {
        defer { cleanUp() }
        try write(seed: 1)
        Thread.sleep(forTimeInterval: 0.02)
        let file = try GGUFFile(path: model)
        let other = try FileHandle(forWritingTo: URL(fileURLWithPath: model))
        let error = try #require(throws: GGUFError.self) {
            try PackedWeights(file, vectorWidth: 16, cache: WeightCache(folder: folder)) { _ in
                try? other.seek(toOffset: UInt64(file.byteCount - 64))
                try? other.write(contentsOf: Data(repeating: 0x3c, count: 64))
            }
        }
        #expect(error.code == .changed)
        #expect(files == [])
    }

    @Test("Fault 10: a file that is replaced during a load leaves no wrong weights", arguments: [false, true])
    func aFileThatIsReplacedDuringALoadLeavesNoWrongWeights(_ whilePacking: Bool) throws {
        defer { cleanUp() }
        try write(seed: 2)
        let second = try logits(nil)
        let other = model + ".other"
        try FileManager.default.moveItem(atPath: model, toPath: other)
        try write(seed: 1)
        #expect(try logits(nil) != second)
        let cache = WeightCache(folder: folder)
        let file = try GGUFFile(path: model)
        if !whilePacking { rename(other, model) }
        let device = try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: nil)
        _ = try PackedWeights(file, vectorWidth: device.limits.vectorWidth, cache: cache) { _ in rename(other, model) }
        #expect(try logits(cache) == second, "the old model's weights stand for the new one")
        #expect(try logits(cache) == second)
    }

    @Test func whatAKilledPackerLeftIsRemoved() throws {
        defer { cleanUp() }
        try write(seed: 1)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let left = "\(folder)/model-x-16-1-2.3.weights.17446744073709551615.partial"
        try Data(count: 1000).write(to: URL(fileURLWithPath: left))
        _ = try logits(WeightCache(folder: folder))
        #expect(files.count == 1 && files.allSatisfy { $0.hasSuffix(".weights") }, "\(files)")
    }

    @Test func theSizeOfWeightsIsKnownBeforeTheyArePacked() throws {
        defer { cleanUp() }
        try write(seed: 1)
        let file = try GGUFFile(path: model)
        for width in [4, 8, 16] {
            let packed = try PackedWeights(file, vectorWidth: width, cache: nil)
            #expect(try PackedWeights.byteCount(of: file, vectorWidth: width) == packed.byteCount)
        }
    }

    @Test func aFolderThatCannotBeMadeIsNoFault() throws {
        defer { cleanUp() }
        try write(seed: 1)
        #expect(try logits(WeightCache(folder: "/proc/none")) == logits(nil))
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func modified() throws -> Date? {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(try #require(files.first))")
        return attributes[.modificationDate] as? Date
    }
}
