import Compute
import ComputeOpenCL
import ComputeVulkan
import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import Synchronization
import TestDevices
import Testing
import Transformer

/// Weights are packed while kernels are compiled, and what a first token does not need is compiled behind.
@Suite(.serialized)
struct LoadingTests {
    private func device(_ selector: String) throws -> any Device {
        selector == "opencl"
            ? try OpenCLDevice(DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: ProcessFolder.path)
            : try VulkanDevice(DeviceSelector(selector), in: VulkanInstance(), cacheDirectory: ProcessFolder.path)
    }

    private func logits(_ network: Model, _ pool: KVPool, rows: Int, on device: any Device) throws -> [[Float]] {
        var batch = Batch()
        for row in 0..<rows { batch.append([Int32(row * 7 % 288)], slot: 0, position: row, wantsLogits: true) }
        try network.forward(batch, on: device.makeLane(label: "test"))
        return (0..<rows).map { row in network.withLogits(row) { logits in logits.indices.map { logits[$0] } } }
    }

    @Test(arguments: ["opencl", "vulkan:llvmpipe"])
    func everyBatchIsServedBeforeTheRestIsCompiledAndTheSameAfterwards(_ selector: String) throws {
        let path = NSTemporaryDirectory() + "weft-loading-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var tiny = TinyLlama()
        tiny.headSize = 32
        tiny.type = .q4_0
        tiny.embeddingLength = 96
        try tiny.write(to: path)
        let file = try GGUFFile(path: path)
        let device = try device(selector)
        let kernels = try KernelSet(device: device)
        let pool = try KVPool(pageCount: 64, sequences: 1, pagesPerSequence: 64, on: [device])
        var options = Model.Options()
        options.maxRows = 40
        options.maxLogitRows = 40
        options.contextLength = 64
        let shown = Mutex<[LoadProgress]>([])
        let loaded = try Model.load(file, options: options, pools: [pool], lanes: [[kernels]], cache: nil) { step in
            shown.withLock { $0.append(step) }
        }
        let network = try #require(loaded.networks.first)
        #expect(loaded.networks.count == 1)
        #expect(try loaded.byteCount == PackedWeights.byteCount(of: file, vectorWidth: kernels.limits.vectorWidth))
        let steps = shown.withLock { $0 }
        #expect(steps.contains { $0.doing.contains("packing weights") })
        #expect(steps.contains { $0.doing.contains("compiling kernels") })
        #expect(steps.last?.share == 1)

        var pages = KVManager(pages: pool.pageCount)
        let sequence = pages.open(try pages.add(network.kvShape, weight: 1), rank: 0)
        guard case .granted = pages.extend(sequence, to: 40, for: .step) else {
            Issue.record("the pool is too small")
            return
        }
        pool.update(slot: 0, pages[sequence].pages[0...], from: 0)
        let sizes = [1, 2, 3, 4, 6, 8, 9, 31, 40]
        let before = try sizes.map { try logits(network, pool, rows: $0, on: device) }
        try network.compileLater()
        let after = try sizes.map { try logits(network, pool, rows: $0, on: device) }
        #expect(before == after)
        // A row does not depend on what stands behind it.
        for (rows, logits) in zip(sizes, after) { #expect(Array(after[sizes.count - 1][..<rows]) == logits) }
    }

    @Test func aFileThatIsCutDuringALoadIsAnErrorOfItsModel() throws {
        let path = NSTemporaryDirectory() + "weft-loading-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var tiny = TinyLlama()
        tiny.headSize = 32
        try tiny.write(to: path)
        let device = try device("opencl")
        let file = try GGUFFile(path: path)
        truncate(path, Int(file.byteCount) / 2)
        let pool = try KVPool(pageCount: 64, sequences: 1, pagesPerSequence: 64, on: [device])
        let error = try #require(throws: (any Error).self) {
            try Model.load(
                file, options: Model.Options(), pools: [pool], lanes: [[KernelSet(device: device)]], cache: nil)
        }
        #expect("\(error)".contains("while it was open"), "\(error)")
    }
}
