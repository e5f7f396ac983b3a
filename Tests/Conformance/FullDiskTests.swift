import Foundation
import Testing

/// A disk that takes no more, as files that may not grow are.
struct FullDiskTests {
    @Test("Fault 27: what does not fit on the disk is one clear line, and leaves no half of a file")
    func aModelThatDoesNotFit() throws {
        let folder = NSTemporaryDirectory() + "weft-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let words = "models generate \(folder)/out.gguf --layers 4 --embedding 256 --vocabulary 300"
        // The signal of such a file ends a program that does not ignore it; a full disk has none.
        let script = "trap '' XFSZ; ulimit -f 64; exec \(try ServedProcess.binary()) \(words)"
        let result = try CommandResult.of("bash", ["-c", script])
        #expect(result.status != 0)
        #expect(result.output.contains("out.gguf") && result.output.contains("File too large"), "\(result.output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
}
