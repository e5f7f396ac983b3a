import Foundation
import GGUF
import Quantities
import Testing
import Transformer

/// Files of each family with keys and tensors that are missing, wrongly typed, of other shapes or out of range: one
/// clear line each, or a network that fits the file.
struct FamilyInputTests {
    private enum Change: CaseIterable {
        case dropKey, retypeKey, zeroKey, largeKey, negativeKey, dropTensor, reshapeTensor, renameTensor, retypeTensor
    }

    /// Of all files together at least 2,000.
    private static let changesPerFile = 150

    @Test("Fault 5: a damaged file is refused in a line or fits", arguments: FamilyTests.all)
    func aDamagedFileIsRefusedInALineOrFits(_ name: String) throws {
        let file = try FamilyTests.file(name)
        var random = SplitMix64(seed: UInt64(FamilyTests.all.firstIndex(of: name) ?? 0))
        let keys = file.metadata.keys.filter { !$0.hasPrefix("general.") && !$0.hasPrefix("tokenizer.") }
        var refused = 0
        for round in 0..<Self.changesPerFile {
            let change = Change.allCases[round % Change.allCases.count]
            var metadata = file.metadata
            var layouts = file.tensors.map(\.layout)
            let key = keys[random.integer(in: 0...keys.count - 1)]
            let tensor = random.integer(in: 0...layouts.count - 1)
            switch change {
            case .dropKey: metadata[key] = nil
            case .retypeKey: metadata[key] = .string("many")
            case .zeroKey: metadata[key] = .uint32(0)
            case .largeKey: metadata[key] = .uint32(.max)
            case .negativeKey: metadata[key] = .float32(-1)
            case .dropTensor: layouts.remove(at: tensor)
            case .reshapeTensor:
                var shape = layouts[tensor].shape
                shape[shape.count - 1] += 1
                layouts[tensor] = try TensorLayout(name: layouts[tensor].name, shape: shape, type: layouts[tensor].type)
            case .renameTensor:
                layouts[tensor] = try TensorLayout(
                    name: layouts[tensor].name + ".other", shape: layouts[tensor].shape, type: layouts[tensor].type)
            case .retypeTensor:
                layouts[tensor] = try TensorLayout(
                    name: layouts[tensor].name, shape: layouts[tensor].shape, type: .bf16)
            }
            let path = NSTemporaryDirectory() + "weft-family-\(UUID().uuidString).gguf"
            defer { try? FileManager.default.removeItem(atPath: path) }
            var writer = try GGUFWriter(path: path, metadata: metadata, tensors: layouts)
            for layout in layouts { try writer.write([UInt8](repeating: 0, count: layout.byteCount).span.bytes) }
            try writer.finish()
            do {
                let damaged = try GGUFFile(path: path)
                _ = try PackedWeights.byteCount(of: damaged, vectorWidth: 4)
                #expect(try Network(damaged).parameterCount > 0)
            } catch {
                refused += 1
                let line = "\(error)"
                #expect(!line.contains("\n") && line.count < 400, "\(change) of \(key): \(line)")
                #expect(error is ModelError || error is GGUFError, "\(change): \(error)")
            }
        }
        // What is gone or of another shape is always missed.
        #expect(refused > Self.changesPerFile / 3)
    }

    @Test func aTensorThatWouldBeLeftOutIsRefusedByName() throws {
        let file = try FamilyTests.file("llama")
        let path = NSTemporaryDirectory() + "weft-family-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let extra = try TensorLayout(name: "blk.0.attn_gate.weight", shape: [4], type: .f32)
        var writer = try GGUFWriter(
            path: path, metadata: file.metadata, tensors: file.tensors.map(\.layout) + [extra])
        for layout in file.tensors.map(\.layout) + [extra] {
            try writer.write([UInt8](repeating: 0, count: layout.byteCount).span.bytes)
        }
        try writer.finish()
        let error = #expect(throws: ModelError.self) {
            try PackedWeights.byteCount(of: GGUFFile(path: path), vectorWidth: 4)
        }
        #expect("\(try #require(error))".contains("blk.0.attn_gate.weight is not supported in this family"))
    }
}
