import Compute
import Foundation
import GGUF
import Kernels
import Quantities
import Testing
import Transformer

/// Files of every family that are made of metadata alone.
struct RandomModelTests {
    private static let folder = FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString)")

    static func write(_ model: RandomModel, _ name: String) throws -> GGUFFile {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "\(name).gguf").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try model.write(to: path)
        return try GGUFFile(path: path)
    }

    /// Nobody else says which tensors a network has: the same as files that were written elsewhere.
    @Test(arguments: FamilyTests.all)
    func aNetworkKnowsItsTensors(_ name: String) throws {
        let file = try FamilyTests.file(name)
        let tensors = try RandomModel(like: file).tensors()
        func list(_ layouts: [TensorLayout]) -> [String] { layouts.map { "\($0.name) \($0.shape)" }.sorted() }
        #expect(list(tensors) == list(file.tensors.map(\.layout)))
    }

    /// With random weights a network of any family gives logits or rows that are numbers.
    @Test(arguments: FamilyTests.names)
    func whatIsWrittenIsANetwork(_ name: String) throws {
        var model = RandomModel(like: try FamilyTests.file(name))
        model.type = .q8_0
        let file = try Self.write(model, "any-\(name)")
        #expect(try Network(file) == Network(FamilyTests.file(name)))
        let last = try #require(try ReferenceNetwork(file).logits([1, 2, 3]).last)
        #expect(last.allSatisfy(\.isFinite) && Set(last).count > 10)
        #expect(file.tensors.contains { $0.type == .q8_0 })
    }

    @Test func theSameSeedGivesTheSameFile() throws {
        func bytes(_ seed: UInt64) throws -> [Float] {
            var model = RandomModel(like: try FamilyTests.file("qwen3"))
            model.numbers.seed = seed
            return try Self.write(model, "seed-\(seed)").tensor("blk.1.attn_q.weight").floats(rows: 0..<1)
        }
        #expect(try bytes(3) == bytes(3))
        #expect(try bytes(3) != bytes(4))
    }

    @Test func metadataThatSaysNoNetworkIsRefused() throws {
        var model = RandomModel(like: try FamilyTests.file("llama"))
        model.metadata["general.architecture"] = .string("nobody")
        #expect(throws: ModelError.self) { try model.tensors() }
        model.metadata["general.architecture"] = .string("llama")
        model.metadata["llama.attention.head_count"] = .uint32(3)
        model.metadata["llama.attention.head_count_kv"] = .uint32(2)
        #expect(throws: ModelError.self) { try model.tensors() }
    }
}

/// Layers whose heads differ in count and size share one pool.
@Suite(.serialized)
struct LayerHeadsTests {
    /// Gemma 3 whose windowed layers have heads of half the size, as Gemma 4's.
    private static func windowed() throws -> GGUFFile {
        var model = RandomModel(like: try FamilyTests.file("gemma3"))
        for key in ["key", "value"] {
            model.metadata["gemma3.attention.\(key)_length"] = .uint32(64)
            model.metadata["gemma3.attention.\(key)_length_swa"] = .uint32(32)
        }
        model.metadata["gemma3.attention.head_count"] = .uint32(6)
        model.metadata["gemma3.attention.head_count_kv"] = .uint32(3)
        model.metadata["gemma3.rope.dimension_count"] = .uint32(64)
        model.metadata["gemma3.rope.dimension_count_swa"] = .uint32(32)
        return try RandomModelTests.write(model, "windowed")
    }

    /// Llama with as many heads in each layer as it pleases.
    private static func counted() throws -> GGUFFile {
        var model = RandomModel(like: try FamilyTests.file("llama"))
        model.metadata["llama.block_count"] = .uint32(3)
        model.metadata["llama.attention.head_count"] = .array(.int32([4, 6, 3]))
        model.metadata["llama.attention.head_count_kv"] = .array(.int32([2, 3, 1]))
        model.metadata["llama.attention.key_length"] = .uint32(32)
        model.metadata["llama.attention.value_length"] = .uint32(32)
        model.metadata["llama.rope.dimension_count"] = .uint32(32)
        return try RandomModelTests.write(model, "counted")
    }

    @Test func smallHeadsShareAPage() throws {
        let network = try Network(Self.windowed()), shape = try Model.kvShape(network, type: .f16)
        // The layer that keeps all stands first.
        #expect(shape.layers.map(\.page.headSize) == [64] + Array(repeating: 32, count: shape.layers.count - 1))
        #expect(shape.layers.map(\.headsPerPage) == [1] + Array(repeating: 2, count: shape.layers.count - 1))
        #expect(shape.tokensPerPage == 64 && shape.layers.allSatisfy { $0.page.tokensPerPage == 64 })
        // Three heads in three pages, and in two in each of six layers.
        #expect(shape.pagesPerBlock == 3 + 6 * 2 && shape.windowedPerBlock == 6 * 2)
        #expect(shape.bytesPerToken == 3 * 256 + 6 * 3 * 128)
    }

    @Test func layersHaveAsManyPagesAsHeads() throws {
        let shape = try Model.kvShape(Network(Self.counted()), type: .f16)
        #expect(shape.layers.map(\.kvHeads) == [2, 3, 1] && shape.layers.map(\.firstPage) == [0, 2, 5])
        #expect(shape.pagesPerBlock == 6 && shape.bytesPerToken == 6 * 128)
    }

    @Test(arguments: KVType.allCases)
    func lavapipeAgrees(_ type: KVType) throws {
        try onLavapipe { device in
            try check(Self.windowed(), type, on: device)
            try check(Self.counted(), type, on: device)
        }
    }

    @Test(arguments: KVType.allCases)
    func poclAgrees(_ type: KVType) throws {
        try check(Self.windowed(), type, on: pocl())
        try check(Self.counted(), type, on: pocl())
    }

    /// 60 tokens in pages of some, seven at a time.
    private func check(_ file: GGUFFile, _ type: KVType, on device: any Device) throws {
        let tokens = (0..<60).map { (index: Int) -> Int32 in Int32((index * 37 + index / 7) % 100) }
        var options = Model.Options()
        options.kvType = type
        options.maxRows = 7
        var sequence = try SingleSequence(
            file, options: options, contextLength: 64, logitRows: 7, pageBytes: 4096,
            kernels: KernelSet(device: device), warmsUp: false)
        let expected = try ReferenceNetwork(file, kv: type).logits(tokens)
        var worst = 0.0
        try sequence.feed(tokens, at: 0) { position, logits in
            worst = logits.indices.reduce(worst) { max($0, abs(Double(logits[$1]) - expected[position][$1])) }
        }
        #expect(worst < (type == .f32 ? 1e-4 : 5e-2), "off by \(worst)")
        #expect(worst > 0)
    }
}
