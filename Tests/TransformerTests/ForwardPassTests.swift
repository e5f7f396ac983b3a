import Compute
import ComputeVulkan
import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import TestDevices
import Testing
import Transformer

/// Generated models of many shapes, on the device and in plain Swift.
@Suite(.serialized)
struct ForwardPassTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var headSize = 32
        var heads = 2
        var kvHeads = 1
        var type = TensorType.f32
        var isTied = true
        var vocabulary = 288
        var kv = KVType.f32
        var smallBindings = false
        /// As on a discrete GPU without resizable BAR: weights and inputs are copied to the device, in small slabs.
        var isApart = false
        /// The plain network keeps halves exact. It rounds to bytes as the device does, but for a number half way
        /// between two, which may go to either for the smallest of other errors.
        var bound: Double { kv == .f32 ? 1e-3 : kv == .f16 ? 1e-2 : 2e-3 }
        var testDescription: String {
            "head \(headSize) x\(heads)/\(kvHeads) \(type.name) tied \(isTied) \(kv) small \(smallBindings) apart \(isApart)"
        }
    }

    static let shapes = [
        Shape(), Shape(isTied: false, vocabulary: 290), Shape(headSize: 64, heads: 3, kvHeads: 3),
        Shape(headSize: 80, heads: 4, kvHeads: 2),
        Shape(headSize: 128, heads: 8, kvHeads: 2, isTied: false), Shape(type: .f16, isTied: false),
        Shape(type: .bf16), Shape(type: .q4_0, vocabulary: 291), Shape(type: .q4_1, isTied: false), Shape(type: .q5_0),
        Shape(type: .q5_1), Shape(type: .q8_0, kv: .f16), Shape(headSize: 64, heads: 3, kvHeads: 3, kv: .q8_0),
        Shape(headSize: 80, heads: 4, kvHeads: 2, kv: .q8_0),
        Shape(headSize: 16, heads: 4, kvHeads: 2, kv: .q8_0), Shape(headSize: 96, heads: 2, kvHeads: 2, kv: .f16),
        Shape(headSize: 256, heads: 4, kvHeads: 1, kv: .q8_0),
        Shape(headSize: 64, heads: 4, kvHeads: 2, smallBindings: true),
        Shape(headSize: 64, heads: 4, kvHeads: 2, kv: .q8_0, smallBindings: true),
        Shape(headSize: 64, heads: 4, kvHeads: 2, isApart: true),
        Shape(headSize: 64, heads: 4, kvHeads: 2, type: .q8_0, kv: .f16, smallBindings: true, isApart: true),
    ]

    @Test(arguments: shapes)
    func matchesPlainSwift(_ shape: Shape) throws {
        let path = NSTemporaryDirectory() + "weft-forward-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try shape.generator.write(to: path)
        let file = try GGUFFile(path: path)
        let tokens = (0..<45).map { Int32($0 * 37 % 288) }
        let expected = try ReferenceNetwork(file, kv: shape.kv).logits(tokens)

        let instance = try VulkanInstance(validates: true)
        let device = try VulkanDevice(
            DeviceSelector("vulkan:llvmpipe"), in: instance, cacheDirectory: ProcessFolder.path
        ) {
            if shape.smallBindings {
                $0.maxBindingSize = 1 << 17
                $0.maxTexelElements = 1 << 13
            }
            if shape.isApart { ($0.seesDeviceMemory, $0.importsHostMemory) = (false, false) }
        }
        var options = Model.Options()
        options.kvType = shape.kv
        options.maxRows = 16
        var sequence = try SingleSequence(file, options: options, contextLength: 64, kernels: KernelSet(device: device))
        var position = 0
        for count in [1, 16, 3, 20, 5] {
            try sequence.feed(Array(tokens[position..<position + count]), at: position)
            position += count
            let logits = sequence.model.withLogits(0) { logits in logits.indices.map { logits[$0] } }
            let worst = zip(logits, expected[position - 1]).map { abs(Double($0) - $1) }.max() ?? .infinity
            #expect(worst < shape.bound, "after \(position) tokens off by \(worst)")
        }
        #expect(instance.validationMessages == [])
    }

    /// A prompt fed in one piece, in pieces, and token by token gives the same bits: batches must not matter.
    @Test(arguments: [
        (TensorType.f32, KVType.f16), (.f16, .f16), (.q4_1, .f16), (.q8_0, .f16), (.f32, .q8_0),
    ])
    func batchingDoesNotChangeABit(_ type: TensorType, _ kv: KVType) throws {
        let path = NSTemporaryDirectory() + "weft-batching-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Shape(headSize: 64, heads: 3, kvHeads: 1, type: type).generator.write(to: path)
        let instance = try VulkanInstance(validates: true)
        let device = try VulkanDevice(
            DeviceSelector("vulkan:llvmpipe"), in: instance, cacheDirectory: ProcessFolder.path)
        var options = Model.Options()
        options.kvType = kv
        options.maxRows = 32
        var sequence = try SingleSequence(
            GGUFFile(path: path), options: options, contextLength: 64, kernels: KernelSet(device: device))
        let tokens = (0..<29).map { Int32($0 * 11 % 288) }
        var results: [[Float]] = []
        for width in [29, 1, 2, 3, 7, 12] {
            sequence.restart()
            for start in stride(from: 0, to: tokens.count, by: width) {
                try sequence.feed(Array(tokens[start..<min(tokens.count, start + width)]), at: start)
            }
            results.append(sequence.model.withLogits(0) { logits in logits.indices.map { logits[$0] } })
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(instance.validationMessages == [])
    }
}

extension ForwardPassTests.Shape {
    var generator: TinyLlama {
        var tiny = TinyLlama()
        tiny.headSize = headSize
        tiny.heads = heads
        tiny.keyValueHeads = kvHeads
        tiny.embeddingLength = 96
        tiny.type = type
        tiny.isTied = isTied
        tiny.vocabularySize = vocabulary
        return tiny
    }
}
