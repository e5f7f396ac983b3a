import Compute
import ComputeOpenCL
import ComputeVulkan
import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import TestDevices
import Testing
import Transformer

/// Models with matrices of all types that share scales give what their dequantised twins give.
@Suite(.serialized)
struct WeightFormatTests {
    /// As files mix them, and more: types differ within what could be one product.
    private static let types: [String: TensorType] = [
        "token_embd": .q6_k, "blk.0.attn_q": .q4_k, "blk.0.attn_k": .q4_k, "blk.0.attn_v": .q6_k,
        "blk.0.attn_output": .q5_k, "blk.0.ffn_gate": .q3_k, "blk.0.ffn_up": .q3_k, "blk.0.ffn_down": .q2_k,
        "blk.1.attn_q": .iq4_xs, "blk.1.attn_k": .iq4_xs, "blk.1.attn_v": .iq4_xs, "blk.1.attn_output": .iq4_nl,
        "blk.1.ffn_gate": .mxfp4, "blk.1.ffn_up": .q4_k, "blk.1.ffn_down": .q5_1,
    ]

    /// With whole numbers, rows are rounded to bytes: their twin, which multiplies floats, is off by that.
    @Test(arguments: [("opencl", false, 2e-5), ("opencl", true, 0.05), ("vulkan:llvmpipe", false, 2e-5)])
    func matchesItsDequantisedTwin(_ selector: String, _ takesIntegerProducts: Bool, _ bound: Float) throws {
        let folder = NSTemporaryDirectory() + "weft-formats-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (mixed, twin) = ("\(folder)/mixed.gguf", "\(folder)/twin.gguf")
        try write(to: mixed, by: "\(folder)/plain.gguf")
        _ = try ModelConversion(to: .f32).convert(GGUFFile(path: mixed), to: twin)
        let ours = try logits(of: mixed, on: selector, takesIntegerProducts)
        let expected = try logits(of: twin, on: selector, false)
        let size = expected.reduce(0) { max($0, abs($1)) }
        let worst = zip(ours, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(size > 0.5 && worst < bound * size, "off by \(worst) of \(size)")
        print("\(selector), whole numbers \(takesIntegerProducts): off by \(worst / size) of the largest logit")
    }

    /// A generated network with its matrices replaced by random blocks.
    private func write(to path: String, by plain: String) throws {
        var tiny = TinyLlama()
        (tiny.embeddingLength, tiny.heads, tiny.keyValueHeads, tiny.feedForwardLength) = (256, 8, 2, 512)
        try tiny.write(to: plain)
        let file = try GGUFFile(path: plain)
        let layouts = try file.tensors.map { tensor in
            let type = Self.types[String(tensor.name.dropLast(".weight".count))] ?? tensor.type
            return try TensorLayout(name: tensor.name, shape: tensor.shape, type: type)
        }
        var writer = try GGUFWriter(path: path, metadata: file.metadata, tensors: layouts)
        var random = SplitMix64(seed: 7)
        for (tensor, layout) in zip(file.tensors, layouts) {
            let values = try tensor.floats(rows: 0..<layout.rowCount)
            var bytes = [UInt8](repeating: 0, count: layout.byteCount)
            if TensorType.encodable.contains(layout.type) {
                values.withUnsafeBufferPointer { values in
                    bytes.withUnsafeMutableBytes { layout.type.quantize(values, into: $0) }
                }
            } else {
                let deviation = 1 / Float(layout.rowLength).squareRoot()
                bytes = randomBlocks(layout, deviation: deviation, &random)
            }
            try writer.write(bytes.span.bytes)
        }
        try writer.finish()
    }

    /// Random bits, with scales that give weights of about `deviation`.
    private func randomBlocks(_ layout: TensorLayout, deviation: Float, _ random: inout SplitMix64) -> [UInt8] {
        let halves: [TensorType: [Int]] = [
            .q2_k: [80, 82], .q3_k: [108], .q5_k: [0, 2], .iq4_nl: [0], .iq4_xs: [0],
        ]
        var bytes = (0..<layout.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for start in stride(from: 0, to: bytes.count, by: layout.type.blockByteCount) {
            let block = start..<start + layout.type.blockByteCount
            func set(_ half: Float16) {
                for offset in halves[layout.type] ?? [] {
                    bytes[start + offset] = UInt8(truncatingIfNeeded: half.bitPattern)
                    bytes[start + offset + 1] = UInt8(half.bitPattern >> 8)
                }
            }
            // 2^-5 times numbers of up to 6, halved.
            if layout.type == .mxfp4 { bytes[start] = 122 }
            set(1)
            var values = [Float](repeating: 0, count: layout.type.blockSize)
            values.withUnsafeMutableBufferPointer { values in
                bytes[block].withUnsafeBytes { layout.type.dequantize($0, into: values) }
            }
            let size = (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
            set(Float16(deviation / size))
        }
        return bytes
    }

    /// The logits of a batch of rows, high and low tiles, from the kernels of a first token.
    private func logits(of path: String, on selector: String, _ takesIntegerProducts: Bool) throws -> [Float] {
        let adjust: (inout DeviceLimits) -> Void = { $0.prefersIntegerProducts = takesIntegerProducts }
        let device: any Device =
            selector == "opencl"
            ? try OpenCLDevice(
                DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: ProcessFolder.path, limits: adjust)
            : try VulkanDevice(
                DeviceSelector(selector), in: VulkanInstance(), cacheDirectory: ProcessFolder.path, limits: adjust)
        let pool = try KVPool(pageCount: 512, sequences: 1, pagesPerSequence: 512, on: [device])
        var options = Model.Options()
        (options.maxRows, options.maxLogitRows, options.contextLength) = (40, 40, 64)
        // Halves would be rounded to one or the other of two neighbours.
        options.kvType = .f32
        let network = try #require(
            try Model.load(
                GGUFFile(path: path), options: options, pools: [pool], lanes: [[KernelSet(device: device)]], cache: nil
            ).networks.first)
        var pages = KVManager(pages: pool.pageCount)
        let sequence = pages.open(try pages.add(network.kvShape, weight: 1), rank: 0)
        guard case .granted = pages.extend(sequence, to: 40, for: .step) else { throw CancellationError() }
        pool.update(slot: 0, pages[sequence].pages[0...], from: 0)
        var results: [Float] = []
        for rows in [33, 1] {
            var batch = Batch()
            for row in 0..<rows { batch.append([Int32(row * 7 % 288)], slot: 0, position: row, wantsLogits: true) }
            try network.forward(batch, on: device.makeLane(label: "test"))
            for row in 0..<rows { network.withLogits(row) { logits in results += logits.indices.map { logits[$0] } } }
        }
        return results
    }
}
