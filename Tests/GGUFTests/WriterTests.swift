import GGUF
import Quantities
import Testing

@Suite("Writing model files")
struct WriterTests {
    @Test("A file of the reference is written back byte by byte", arguments: ["metadata", "vectors"])
    func copy(name: String) throws {
        let folder = try TemporaryFolder()
        let original = try Golden.open(name)
        let path = folder.path("copy.gguf")
        var writer = try GGUFWriter(path: path, metadata: original.metadata, tensors: original.tensors.map(\.layout))
        for tensor in original.tensors {
            let bytes = try tensor.bytes()
            try writer.write(bytes.span.bytes)
        }
        try writer.finish()

        let copy = try GGUFFile(path: path)
        #expect(copy.metadata == original.metadata)
        #expect(copy.tensors.map(\.layout) == original.tensors.map(\.layout))
        #expect(try contents(of: path) == contents(of: original.path))
        #expect(try folder.files() == ["copy.gguf"])
    }

    @Test("Data in parts, a random file of every tensor type")
    func parts() throws {
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: 7)
        let layouts = try TensorType.allCases.map { try TensorLayout(name: $0.name, shape: [768, 3], type: $0) }
        let data = layouts.map { layout in (0..<layout.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var metadata = GGUFMetadata()
        metadata["general.alignment"] = .uint32(8)
        var writer = try GGUFWriter(path: folder.path("file"), metadata: metadata, tensors: layouts)
        for bytes in data {
            let middle = Int.random(in: 0..<bytes.count, using: &random)
            try writer.write(bytes.span.bytes.extracting(first: middle))
            try writer.write(bytes.span.bytes.extracting(droppingFirst: middle))
        }
        try writer.finish()
        let file = try GGUFFile(path: folder.path("file"))
        for (type, bytes) in zip(TensorType.allCases, data) { #expect(try file.tensor(type.name).bytes() == bytes) }
    }

    @Test("Nothing is left of a file that was not finished, and an older one stays")
    func unfinished() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "model.gguf")
        let layout = try TensorLayout(name: "t", shape: [4], type: .f32)
        var filesMeanwhile = 0
        let code = code {
            var writer = try GGUFWriter(path: path, metadata: GGUFMetadata(), tensors: [layout])
            try writer.write([UInt8](repeating: 0, count: 8).span.bytes)
            filesMeanwhile = try folder.files().count
            try writer.finish()
        }
        #expect(code == .invalidLayout)
        #expect(filesMeanwhile == 2)
        #expect(try folder.files() == ["model.gguf"])
        #expect(try contents(of: path) == [1, 2, 3])
    }

    @Test("What a killed writer of the same file left is removed, and nothing else")
    func abandoned() throws {
        let folder = try TemporaryFolder()
        for name in ["model.gguf.0123456789abc.partial", "model.gguf.partial", "other.gguf.0123456789abc.partial"] {
            _ = try folder.write([1, 2, 3], to: name)
        }
        let writer = try GGUFWriter(path: folder.path("model.gguf"), metadata: GGUFMetadata(), tensors: [])
        try writer.finish()
        #expect(try folder.files() == ["model.gguf", "model.gguf.partial", "other.gguf.0123456789abc.partial"])
    }

    @Test("Faults of the caller")
    func faults() throws {
        let folder = try TemporaryFolder()
        let layout = try TensorLayout(name: "t", shape: [4], type: .f32)
        var odd = GGUFMetadata()
        odd["general.alignment"] = .uint32(24)
        #expect(code { try GGUFWriter(path: folder.path("f"), metadata: odd, tensors: []).finish() } == .badAlignment)
        let twice = [layout, layout]
        #expect(
            code { try GGUFWriter(path: folder.path("f"), metadata: GGUFMetadata(), tensors: twice).finish() }
                == .duplicateTensor)
        #expect(
            code { try GGUFWriter(path: folder.path("no/f"), metadata: GGUFMetadata(), tensors: []).finish() } == .io)
        #expect(
            code {
                var writer = try GGUFWriter(path: folder.path("f"), metadata: GGUFMetadata(), tensors: [layout])
                try writer.write([UInt8](repeating: 0, count: 17).span.bytes)
            } == .invalidLayout)
        #expect(try folder.files() == [])
    }

    private func code(_ body: () throws -> Void) -> GGUFError.Code? {
        do { try body() } catch { return (error as? GGUFError)?.code }
        return nil
    }
}
