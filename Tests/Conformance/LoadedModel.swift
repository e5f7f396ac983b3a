import Compute
import ComputeOpenCL
import ComputeVulkan
import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import Testing
import Transformer

/// A real model on one device, one sequence at a time.
struct LoadedModel {
    /// Watches the calls of Vulkan devices.
    let instance: VulkanInstance?
    let device: any Device
    let lane: any Lane
    let model: Model
    let pool: KVPool

    /// - Parameters:
    ///   - name: of a file in `TestModels.folder`, without its end.
    ///   - takesIntegerProducts: whether quantised weights are multiplied in whole numbers, which loses more than all
    ///     else together.
    ///   - actsAsGPU: whether kernels are shaped as for a GPU.
    init(
        _ name: String = "smollm2-135m-q4_1", device selector: String, kv: KVType, takesIntegerProducts: Bool = false,
        actsAsGPU: Bool = false
    ) throws {
        let selector = try DeviceSelector(selector)
        let cache = NSTemporaryDirectory() + "weft-conformance"
        if selector.api == .opencl {
            instance = nil
            device = try OpenCLDevice(selector, in: OpenCLPlatforms(), cacheDirectory: cache) {
                $0.prefersIntegerProducts = takesIntegerProducts
                if actsAsGPU { $0.actAsGPU() }
            }
        } else {
            let instance = try VulkanInstance(validates: true)
            self.instance = instance
            device = try VulkanDevice(selector, in: instance, cacheDirectory: cache) {
                if actsAsGPU { $0.actAsGPU() }
            }
        }
        lane = try device.makeLane(label: "test")
        pool = try KVPool(pageCount: 4096, sequences: 1, pagesPerSequence: 4096, on: [device])
        var options = Model.Options()
        options.kvType = kv
        options.contextLength = 512
        model = try Model(
            GGUFFile(path: TestModels.path(name)), options: options, pool: pool,
            kernels: KernelSet(device: device))
    }

    /// Feeds tokens from position `start` on, and gives the logits of the last.
    func feed(_ tokens: [Int32], from start: Int, _ manager: inout KVManager, _ sequence: BlockTableID) throws
        -> [Float]
    {
        guard case .granted(let first) = manager.extend(sequence, to: start + tokens.count, for: .admission) else {
            Issue.record("no pages")
            return []
        }
        pool.update(slot: sequence.index, manager[sequence].pages[first...], from: first)
        var batch = Batch()
        batch.append(tokens, slot: sequence.index, position: start, wantsLogits: true)
        try model.forward(batch, on: lane)
        return model.withLogits(0) { logits in logits.indices.map { logits[$0] } }
    }

    func withSequence<Result>(_ body: (inout KVManager, BlockTableID) throws -> Result) throws -> Result {
        var manager = KVManager(pages: pool.pageCount)
        let id = try manager.add(model.kvShape, weight: 1)
        let sequence = manager.open(id, rank: 0)
        return try body(&manager, sequence)
    }

    /// All logits behind a prompt, and behind each of the tokens that are fed one by one after it.
    func logits(behind prompt: [Int32], _ tokens: some Sequence<Int32>) throws -> [[Float]] {
        try withSequence { manager, sequence in
            var logits = [try feed(prompt, from: 0, &manager, sequence)]
            for (step, token) in tokens.enumerated() {
                logits.append(try feed([token], from: prompt.count + step, &manager, sequence))
            }
            return logits
        }
    }

    func expectNoValidationMessages() { #expect(instance?.validationMessages ?? [] == []) }
}
