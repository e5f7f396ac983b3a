import Foundation
import GGUF
import Testing

/// The committed files that the reference implementation wrote; see `tools/golden/gguf_vectors.py`.
enum Golden {
    static func open(_ name: String) throws -> GGUFFile {
        let url = try #require(Bundle.module.url(forResource: "Resources/\(name)", withExtension: "gguf"))
        return try GGUFFile(path: url.path)
    }

    /// The types that the Python package writes.
    static let types: [TensorType] = [.f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0]

    /// The file with vectors of a type.
    static func open(_ type: TensorType) throws -> GGUFFile {
        try open(types.contains(type) ? "vectors" : "kquants")
    }
}

extension GGUFTensor {
    /// All values.
    func floats() throws -> [Float] {
        try floats(rows: 0..<layout.rowCount)
    }

    func bytes() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        try bytes.withUnsafeMutableBytes { try read(into: $0, at: 0) }
        return bytes
    }
}
