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

/// A real model on a device or on several, one sequence at a time.
struct LoadedModel {
    /// Watches the calls of Vulkan devices.
    let instance: VulkanInstance?
    let lane: MeshLane
    let model: Model
    let pools: [KVPool]

    /// - Parameters:
    ///   - name: of a file in `TestModels.folder`, without its end.
    ///   - selectors: of the devices of a mesh; one that comes several times is opened for every two of these, and
    ///     divided between them.
    ///   - takesIntegerProducts: whether quantised weights are multiplied in whole numbers, which loses more than all
    ///     else together.
    ///   - actsAsGPU: whether kernels are shaped as for a GPU.
    init(
        _ name: String = "smollm2-135m-q4_1", mesh selectors: [String], kv: KVType, takesIntegerProducts: Bool = false,
        actsAsGPU: Bool = false
    ) throws {
        let instance = selectors.contains { $0.hasPrefix("vulkan") } ? try VulkanInstance(validates: true) : nil
        let cache = NSTemporaryDirectory() + "weft-conformance"
        func open(_ selector: String) throws -> any Device {
            if let instance, selector.hasPrefix("vulkan") {
                return try VulkanDevice(DeviceSelector(selector), in: instance, cacheDirectory: cache) {
                    if actsAsGPU { $0.actAsGPU() }
                }
            }
            return try OpenCLDevice(DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: cache) {
                $0.prefersIntegerProducts = takesIntegerProducts
                if actsAsGPU { $0.actAsGPU() }
            }
        }
        var parts: [String: ArraySlice<any Device>] = [:]
        let devices = try selectors.map { selector in
            if selectors.count(where: { $0 == selector }) == 1 { return try open(selector) }
            if parts[selector]?.isEmpty ?? true { parts[selector] = try Mesh.parts(of: open(selector), count: 2)[...] }
            return parts[selector]!.removeFirst()
        }
        self.instance = instance
        lane = MeshLane(try devices.map { try $0.makeLane(label: "test") }, name: "test")
        pools = try devices.map { try KVPool(pageCount: 4096, sequences: 1, pagesPerSequence: 4096, on: [$0]) }
        var options = Model.Options()
        options.kvType = kv
        options.contextLength = 512
        model = try Model(
            GGUFFile(path: TestModels.path(name)), options: options, pools: pools,
            kernels: devices.map { try KernelSet(device: $0) }, shards: devices.count)
    }

    init(
        _ name: String = "smollm2-135m-q4_1", device selector: String, kv: KVType, takesIntegerProducts: Bool = false,
        actsAsGPU: Bool = false
    ) throws {
        try self.init(
            name, mesh: [selector], kv: kv, takesIntegerProducts: takesIntegerProducts, actsAsGPU: actsAsGPU)
    }

    /// Feeds tokens from position `start` on, and gives the logits of the last.
    func feed(_ tokens: [Int32], from start: Int, _ manager: inout KVManager, _ sequence: BlockTableID) throws
        -> [Float]
    {
        guard case .granted(let first) = manager.extend(sequence, to: start + tokens.count, for: .admission) else {
            Issue.record("no pages")
            return []
        }
        for pool in pools { pool.update(slot: sequence.index, manager[sequence].pages[first...], from: first) }
        var batch = Batch()
        batch.append(tokens, slot: sequence.index, position: start, wantsLogits: true)
        try model.forward(batch, on: lane)
        return model.withLogits(0) { logits in logits.indices.map { logits[$0] } }
    }

    func withSequence<Result>(_ body: (inout KVManager, BlockTableID) throws -> Result) throws -> Result {
        var manager = KVManager(pages: pools[0].pageCount)
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
