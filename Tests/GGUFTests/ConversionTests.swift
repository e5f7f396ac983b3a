import GGUF
import Testing

@Suite("Conversion")
struct ConversionTests {
    @Test("Matrices get the wanted type, values as quantised from the source", arguments: TensorType.encodable)
    func convert(type: TensorType) throws {
        let folder = try TemporaryFolder()
        let source = try tinyFile(.f32, in: folder)
        var steps: [ConversionProgress] = []
        let path = folder.path("converted.gguf")
        let report = try ModelConversion(to: type).convert(source, to: path) { steps.append($0) }
        let converted = try GGUFFile(path: path)

        #expect(steps.map(\.name) == source.tensors.map(\.name))
        #expect(steps.map(\.index) == Array(0..<source.tensors.count))
        #expect(report.matrixCount == 15)
        #expect(report.vectorCount == 5)
        #expect(report.keptMatrices.isEmpty)
        #expect(report.byteCount == converted.tensors.reduce(0) { $0 + $1.byteCount })
        for (before, after) in zip(source.tensors, converted.tensors) {
            #expect(after.name == before.name && after.shape == before.shape)
            #expect(after.type == (before.shape.count == 1 ? .f32 : type))
            #expect(try after.bytes() == quantized(before.floats(), after.type))
        }
    }

    @Test("Metadata is kept, but for the type of the file")
    func metadata() throws {
        let folder = try TemporaryFolder()
        let source = try tinyFile(.q4_1, in: folder)
        let path = folder.path("converted.gguf")
        _ = try ModelConversion(to: .q8_0).convert(source, to: path)
        var expected = source.metadata
        #expect(expected["general.file_type"] == .uint32(3))
        expected["general.file_type"] = .uint32(7)
        #expect(try GGUFFile(path: path).metadata == expected)
    }

    @Test("A file converted to its own type and in its own place stays as it is")
    func inPlace() throws {
        let folder = try TemporaryFolder()
        let source = try tinyFile(.q5_0, in: folder)
        let before = try contents(of: source.path)
        _ = try ModelConversion(to: .q5_0).convert(source, to: source.path)
        #expect(try contents(of: source.path) == before)
        #expect(try folder.files() == ["source.gguf"])
    }

    @Test("Ragged matrices keep their type and are named; other vectors and norms become F32")
    func ragged() throws {
        let folder = try TemporaryFolder()
        let layouts = [
            try TensorLayout(name: "ragged.weight", shape: [40, 2], type: .f16),
            try TensorLayout(name: "whole.weight", shape: [64, 2], type: .bf16),
            try TensorLayout(name: "stack.weight", shape: [32, 2, 2], type: .f32),
            try TensorLayout(name: "q_norm.weight", shape: [32, 2], type: .f16),
            try TensorLayout(name: "bias", shape: [40], type: .f16),
        ]
        var writer = try GGUFWriter(path: folder.path("in"), metadata: GGUFMetadata(), tensors: layouts)
        for layout in layouts {
            let values = (0..<layout.rowLength * layout.rowCount).map { Float($0) / 8 }
            try writer.write(quantized(values, layout.type).span.bytes)
        }
        try writer.finish()
        let report = try ModelConversion(to: .q8_0).convert(GGUFFile(path: folder.path("in")), to: folder.path("out"))
        let file = try GGUFFile(path: folder.path("out"))
        #expect(file.tensors.map(\.type) == [.f16, .q8_0, .q8_0, .f32, .f32])
        #expect(report.keptMatrices.map(\.name) == ["ragged.weight"])
        #expect(report.keptMatrices.map(\.rowLength) == [40])
        #expect(report.matrixCount == 2)
        #expect(report.vectorCount == 2)
        #expect(try file.tensor("bias").floats() == (0..<40).map { Float($0) / 8 })
        #expect(file.metadata["general.quantization_version"] == .uint32(2))
    }

    @Test("A failure leaves nothing behind")
    func failure() throws {
        let folder = try TemporaryFolder()
        let source = try tinyFile(.f32, in: folder)
        let error = try #require(throws: GGUFError.self) {
            try ModelConversion(to: .q8_0).convert(source, to: folder.path("absent/out"))
        }
        #expect(error.code == .io)
        #expect(throws: GGUFError.self) { try ModelConversion(to: .q8_0).convert(source, to: folder.path("")) }
        #expect(try folder.files() == ["source.gguf"])
    }

    private func tinyFile(_ type: TensorType, in folder: borrowing TemporaryFolder) throws -> GGUFFile {
        var model = TinyLlama()
        model.type = type
        // Rows of whole blocks of every type.
        (model.embeddingLength, model.heads, model.feedForwardLength) = (256, 8, 256)
        let path = folder.path("source.gguf")
        try model.write(to: path)
        return try GGUFFile(path: path)
    }
}
