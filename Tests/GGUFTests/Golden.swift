import Foundation
import GGUF
import Testing

/// The committed files that the reference implementation wrote; see `tools/golden/gguf_vectors.py`.
enum Golden {
    static func open(_ name: String) throws -> GGUFFile {
        let url = try #require(Bundle.module.url(forResource: "Resources/\(name)", withExtension: "gguf"))
        return try GGUFFile(path: url.path)
    }
}

extension GGUFTensor {
    /// All values.
    func floats() throws -> [Float] {
        try floats(rows: 0..<layout.rowCount)
    }

    func bytes() -> [UInt8] {
        withBytes { [UInt8]($0) }
    }
}
