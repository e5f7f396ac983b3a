import Compute
import ComputeVulkan
import Engine
import Foundation
import GGUF
import Quantities
import Scheduling
import Testing

/// Models of seven families in one unit, in a pool far too small for all: every request has what it has alone.
@Suite(.serialized)
struct ManyKindsTests {
    /// Two mixtures, three with windows, two with a state, one with nothing of these, and an encoder, which keeps
    /// nothing in the pool.
    private static let families = ["qwen35moe", "gpt-oss", "gemma3", "cohere2", "granitehybrid", "glm4", encoder]
    private static let encoder = "bert"

    /// The tokens that a text goes on with, or the bits of its vector.
    private func result(_ item: (model: String, prompt: [Int32]), of service: TinyService) async throws -> [UInt32] {
        if item.model == Self.encoder {
            return try await service.vector(of: item.model, Array(item.prompt.prefix(32))).map(\.bitPattern)
        }
        return try await service.tokens(of: item.model, after: item.prompt, count: 40).map { UInt32($0) }
    }

    @Test func pressureChangesNoToken() async throws {
        let service = try await TinyService(models: [("a", 32)], poolMegabytes: 4)
        for name in Self.families {
            let model = try service.write(family: name)
            _ = try await service.fleet.load(model, unit: nil)
        }
        let work = (0..<28).map { index in
            (
                model: Self.families[index % Self.families.count],
                prompt: (0..<(9 + 7 * (index % 9))).map { Int32(($0 * 31 + index * 17) % TinyService.vocabulary) }
            )
        }
        var alone: [[UInt32]] = []
        for item in work { alone.append(try await result(item, of: service)) }
        // They say something: no model repeats one token for ever.
        #expect(alone.allSatisfy { Set($0).count > 1 })
        let together = try await withThrowingTaskGroup(of: (Int, [UInt32]).self) { group in
            for (index, item) in work.enumerated() {
                group.addTask {
                    if index % 5 == 4, item.model != Self.encoder {
                        try await service.abandon(item.model, item.prompt, most: 60)
                        return (index, [])
                    }
                    return (index, try await result(item, of: service))
                }
            }
            return try await group.reduce(into: [[UInt32]](repeating: [], count: work.count)) { $0[$1.0] = $1.1 }
        }
        for index in work.indices where index % 5 != 4 || work[index].model == Self.encoder {
            #expect(together[index] == alone[index], "\(work[index].model), sequence \(index)")
        }
        try await service.expectEmptyPool()
    }
}

extension TinyService {
    private static let families = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "TransformerTests/Resources/families")

    /// A tiny model of a family, with the vocabulary of the generated ones in place of its own, which has no texts.
    ///
    /// - Parameters:
    ///   - file: its name and the model's; the family's by default.
    ///   - change: keys that it shall have otherwise.
    func write(
        family name: String, as file: String? = nil, change: (inout GGUFMetadata) -> Void = { _ in }
    ) throws -> ModelConfiguration {
        let source = try GGUFFile(path: Self.families.appending(path: "\(name).gguf").path)
        let words = try GGUFFile(path: path(of: "a")).metadata
        var metadata = source.metadata
        for key in words.keys where key.hasPrefix("tokenizer.") { metadata[key] = words[key] }
        change(&metadata)
        let vocabulary = source.tensorIfPresent("token_embd.weight")?.shape.last ?? 0
        let layouts = try source.tensors.map { tensor in
            guard tensor.shape.last == vocabulary, ["token_embd.weight", "output.weight"].contains(tensor.name) else {
                return tensor.layout
            }
            return try TensorLayout(name: tensor.name, shape: [tensor.shape[0], Self.vocabulary], type: tensor.type)
        }
        let path = path(of: file ?? name)
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: layouts)
        for (tensor, layout) in zip(source.tensors, layouts) {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 16)
            defer { buffer.deallocate() }
            try tensor.read(into: buffer, at: 0)
            var bytes = [UInt8](buffer)
            // Tokens that are new have the numbers of old ones, each time turned by one.
            let row = layout.rowByteCount, element = layout.type.blockByteCount
            for new in tensor.layout.rowCount..<max(tensor.layout.rowCount, layout.rowCount) {
                let old = bytes[(new - vocabulary) * row..<(new - vocabulary + 1) * row]
                bytes += old.suffix(row - element) + old.prefix(element)
            }
            try writer.write(bytes.span.bytes)
        }
        try writer.finish()
        var model = ModelConfiguration(name: file ?? name, path: "\(file ?? name).gguf")
        model.chunk = 32
        model.maxSequences = 16
        return model
    }
}
