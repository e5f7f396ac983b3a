import CUDADouble
import Compute
import ComputeCUDA
import ComputeOpenCL
import ComputeVulkan
import Foundation
import GGUF
import Kernels
import Quantities
import TestDevices
import Testing
import Transformer

/// Models that several devices compute together.
@Suite(.serialized)
struct MeshTests {
    /// Where the devices of a mesh come from: parts of PoCL's and lavapipe's of a core each, or one of each by turns.
    enum Source: String, Sendable, CaseIterable {
        case pocl, lavapipe, mixed

        /// As many as are asked for; beyond two they share the cores of a machine that has no more.
        ///
        /// - Parameter isExact: whether PoCL computes products of floats, as lavapipe does.
        func devices(_ count: Int, isExact: Bool = false) throws -> [any Device] {
            switch self {
            case .pocl:
                try Self.parts(count) {
                    try OpenCLDevice(
                        DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: ProcessFolder.path
                    ) { if isExact { $0.prefersIntegerProducts = false } }
                }
            case .lavapipe:
                try Self.parts(count) {
                    try VulkanDevice(
                        DeviceSelector("vulkan:llvmpipe"), in: VulkanInstance(), cacheDirectory: ProcessFolder.path)
                }
            case .mixed:
                try (0..<count).map { try ($0 % 2 == 0 ? Source.pocl : .lavapipe).devices(2, isExact: isExact)[0] }
            }
        }

        private static func parts(_ count: Int, _ open: () throws -> any Device) throws -> [any Device] {
            if count == 1 { return [try open()] }
            return try stride(from: 0, to: count, by: 2).flatMap { first in
                try Mesh.parts(of: open(), count: 2).prefix(count - first)
            }
        }
    }

    /// A generated model, and into how many shards it is cut.
    struct Shape: Sendable, CustomTestStringConvertible {
        var heads = 4
        var kvHeads = 2
        var headSize = 32
        var shards = 2
        var type = TensorType.f32
        var kv = KVType.f32
        var isTied = true
        var feedForward = 128

        var testDescription: String {
            "\(heads)/\(kvHeads) heads of \(headSize), \(feedForward) wide, in \(shards), \(type.name), \(kv)"
                + (isTied ? "" : ", not tied")
        }

        func file() throws -> GGUFFile {
            var tiny = TinyLlama()
            (tiny.heads, tiny.keyValueHeads, tiny.headSize) = (heads, kvHeads, headSize)
            (tiny.type, tiny.isTied, tiny.feedForwardLength) = (type, isTied, feedForward)
            (tiny.embeddingLength, tiny.vocabularySize) = (96, 4200)
            let path = NSTemporaryDirectory() + "weft-mesh-\(UUID().uuidString).gguf"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try tiny.write(to: path)
            return try GGUFFile(path: path)
        }
    }

    private static let tokens = (0..<41).map { Int32($0 * 37 % 288) }

    /// The logits of every token, fed in pieces.
    private static func logits(
        _ file: GGUFFile, tokens: [Int32] = tokens, shards: Int, on devices: [any Device], kv: KVType = .f32,
        way: Exchange.Way? = nil
    ) throws -> [[Float]] {
        var options = Model.Options()
        (options.kvType, options.maxRows) = (kv, 16)
        var sequence = try SingleSequence(
            file, options: options, contextLength: 64, logitRows: 16,
            kernels: devices.map { try KernelSet(device: $0) }, shards: shards, way: way, warmsUp: false)
        var logits: [[Float]] = [], position = 0
        for count in [1, 16, 3, 16, 5] {
            let piece = Array(tokens[position..<min(tokens.count, position + count)])
            try sequence.feed(piece, at: position) { _, row in logits.append(row.indices.map { row[$0] }) }
            position += piece.count
        }
        return logits
    }

    private static func expect(
        _ logits: [[Float]], near expected: [[Double]], within bound: Double, _ what: String
    ) {
        var worst = logits.count == expected.count ? 0 : Double.infinity
        for (row, wanted) in zip(logits, expected) {
            for (value, wanted) in zip(row, wanted) { worst = max(worst, abs(Double(value) - wanted)) }
        }
        #expect(worst < bound, "\(what) is off by \(worst)")
    }

    static let shapes = [
        Shape(), Shape(kvHeads: 1), Shape(heads: 3, kvHeads: 3), Shape(heads: 3, kvHeads: 3, shards: 3),
        Shape(kvHeads: 4, shards: 4), Shape(kvHeads: 2, shards: 4, isTied: false), Shape(type: .f16, isTied: false),
        Shape(type: .q4_1, kv: .f16), Shape(heads: 6, kvHeads: 3, type: .q8_0, kv: .q8_0, isTied: false),
        Shape(headSize: 64, type: .bf16, feedForward: 132),
    ]

    @Test(arguments: shapes, Source.allCases)
    func matchesPlainSwift(_ shape: Shape, _ source: Source) throws {
        let file = try shape.file()
        let expected = try ReferenceNetwork(file, kv: shape.kv).logits(Self.tokens)
        let bound = shape.kv == .f32 ? 1e-3 : shape.kv == .f16 ? 1e-2 : 2e-3
        let logits = try Self.logits(
            file, shards: shape.shards, on: source.devices(shape.shards == 3 ? 3 : 2, isExact: true), kv: shape.kv)
        Self.expect(logits, near: expected, within: bound, "\(source)")
    }

    /// Bits depend on the cut, and not on the devices that share the work, nor on how they show it to each other.
    @Test(arguments: [Source.pocl, .lavapipe])
    func bitsAreThoseOfTheCut(_ source: Source) throws {
        let four = try Shape(kvHeads: 4, shards: 4, type: .q8_0, kv: .f16, isTied: false, feedForward: 512).file()
        let one = try Self.logits(four, shards: 4, on: source.devices(1), kv: .f16)
        for count in [2, 4] {
            #expect(try Self.logits(four, shards: 4, on: source.devices(count), kv: .f16) == one, "\(count) devices")
        }
        #expect(try Self.logits(four, shards: 4, on: source.devices(2), kv: .f16, way: .staged) == one)
        #expect(try Self.logits(four, shards: 2, on: source.devices(2), kv: .f16) != one, "another cut")
        let uneven = try Shape(heads: 3, kvHeads: 3, shards: 3).file()
        #expect(
            try Self.logits(uneven, shards: 3, on: source.devices(3))
                == Self.logits(uneven, shards: 3, on: source.devices(1)))
    }

    /// Devices that see neither each other's memory nor the host's.
    @Test func devicesApartAgree() throws {
        let shape = Shape(type: .q4_0, kv: .f16), file = try shape.file()
        func apart() throws -> any Device {
            try VulkanDevice(
                DeviceSelector("vulkan:llvmpipe"), in: VulkanInstance(), cacheDirectory: ProcessFolder.path
            ) { ($0.seesDeviceMemory, $0.importsHostMemory) = (false, false) }
        }
        let devices = [try apart(), try apart()]
        #expect(!SharedBuffer.isPossible(on: devices))
        #expect(
            try Self.logits(file, shards: 2, on: devices, kv: .f16)
                == Self.logits(file, shards: 2, on: Source.lavapipe.devices(1), kv: .f16))
    }

    /// NVIDIA's devices take each other's sums from where they are, where they are connected, and else by way of the
    /// host.
    @Test(.enabled(if: CUDADouble.isAvailable), arguments: [0, 1])
    func connectedDevicesReachEachOther(connected: Int) throws {
        let double = try CUDADouble(["devices": 2, "connected": connected]), platform = try double.platform()
        func device(_ index: Int) throws -> any Device {
            try CUDADevice(DeviceSelector("cuda:\(index)"), in: platform, cacheDirectory: CUDADouble.kernels)
        }
        let file = try Shape(type: .q4_0, kv: .f16).file(), tokens = Array(Self.tokens.prefix(20))
        do {
            let devices = [try device(0), try device(1)]
            #expect(Exchange.ways(on: devices) == (connected == 1 ? [.peer, .staged] : [.staged]))
            #expect(Exchange.ways(on: [devices[0], devices[0]]) == [.shared])
            let one = try Self.logits(file, tokens: tokens, shards: 2, on: [devices[0]], kv: .f16)
            #expect(try Self.logits(file, tokens: tokens, shards: 2, on: devices, kv: .f16, way: .staged) == one)
            #expect(double.count("copies of peers") == 0)
            if connected == 1 {
                #expect(try Self.logits(file, tokens: tokens, shards: 2, on: devices, kv: .f16, way: .peer) == one)
                #expect(double.count("copies of peers") > 0)
            }
        }
        // The threads of a mesh let go of a model a moment after its last pass.
        for _ in 0..<500 where !double.leftovers.isEmpty { Thread.sleep(forTimeInterval: 0.01) }
        #expect(double.leftovers == [:])
    }

    /// Biases, fused tensors, norms behind branches, parallel branches, windows, scales.
    @Test(arguments: FamilyTests.names)
    func familiesAgree(_ name: String) throws {
        let file = try FamilyTests.file(name), vectors = try #require(FamilyTests.vectors[name])
        let prompt = Array(vectors.prompt.prefix(41))
        do { _ = try Network(file).cut(into: 2, ranks: 2) } catch {
            #expect(Self.uncut.contains(name), "\(name): \(error)")
            return
        }
        #expect(!Self.uncut.contains(name))
        let expected = try ReferenceNetwork(file).logits(prompt)
        Self.expect(
            try Self.logits(file, tokens: prompt, shards: 2, on: Source.pocl.devices(2, isExact: true)),
            near: expected, within: 1e-4, name)
    }

    /// Recorded files that cannot be cut in two: recurrent layers, and heads that are normalised together.
    static let uncut: Set<String> = [
        "granitehybrid", "lfm2", "olmo2", "olmo3", "phi3-long", "phi3-short", "qwen35", "qwen35-sections", "qwen35moe",
    ]

    /// Experts without and with biases, with a gated expert that all rows have, and with one that is not gated.
    @Test(arguments: ["mixtral", "gpt-oss", "qwen2moe", "granitemoe"], [Source.pocl, .lavapipe])
    func bitsOfMixturesAreThoseOfTheCut(_ name: String, _ source: Source) throws {
        let file = try FamilyTests.file(name), prompt = try #require(FamilyTests.vectors[name]).prompt.prefix(41)
        let one = try Self.logits(file, tokens: Array(prompt), shards: 2, on: source.devices(1), kv: .f16)
        for way in [Exchange.Way.shared, .staged] {
            let two = try Self.logits(file, tokens: Array(prompt), shards: 2, on: source.devices(2), kv: .f16, way: way)
            #expect(two == one, "\(way)")
        }
        #expect(try Self.logits(file, tokens: Array(prompt), shards: 1, on: source.devices(1), kv: .f16) != one)
    }

    /// Where two experts are nearly as good, devices that round differently may not choose the same.
    @Test func expertsAreNotDividedAmongUnlikeDevices() throws {
        let error = #expect(throws: ModelError.self) {
            try Self.logits(FamilyTests.file("mixtral"), shards: 2, on: Source.mixed.devices(2))
        }
        let reason = "\(try #require(error))"
        #expect(reason.contains("its experts cannot be divided among devices of different kinds"))
        #expect(reason.contains("llvmpipe"))
    }

    @Test func whatCannotBeCutIsSaid() throws {
        func error(_ shape: Shape, _ shards: Int, ranks: Int) throws -> String? {
            let network = try Network(shape.file())
            do throws(ModelError) {
                _ = try network.cut(into: shards, ranks: ranks)
                return nil
            } catch { return "\(error)" }
        }
        #expect(
            try error(Shape(heads: 3, kvHeads: 3), 2, ranks: 2) == nil, "two devices, of which one has two heads")
        let three = try #require(try error(Shape(heads: 3, kvHeads: 3), 4, ranks: 4))
        #expect(
            three.hasSuffix("its 3 heads with 3 of keys and values cannot be cut into 4 shards, but into 1, 2, 3"))
        let five = try #require(try error(Shape(), 5, ranks: 5))
        #expect(five.hasSuffix("it can be cut into 1, 2, 3, 4, 8 shards, not into 5"))
        let odd = try #require(try error(Shape(), 2, ranks: 4))
        #expect(odd.hasSuffix("2 shards cannot be divided among 4 devices; there may be one device a shard"))
        let narrow = #expect(throws: ModelError.self) {
            try PackedWeights(Shape(type: .q8_0, feedForward: 32).file(), vectorWidth: 4, shards: 2, cache: nil)
        }
        #expect("\(try #require(narrow))".contains("cannot be cut into 2 shards"))
    }
}
