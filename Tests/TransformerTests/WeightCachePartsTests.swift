import Foundation
import GGUF
import Testing
import Transformer

/// Packed weights of a model in several files are those of all of them.
@Suite(.serialized)
struct WeightCachePartsTests {
    private let folder = NSTemporaryDirectory() + "weft-parts-\(UUID().uuidString)"

    private var cache: WeightCache { WeightCache(folder: folder + "/weights") }
    private var kept: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder + "/weights")) ?? [] }

    private func path(_ part: Int) -> String { "\(folder)/model-0000\(part)-of-00003.gguf" }

    /// Writes a model in three parts.
    private func write() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let whole = folder + "/whole.gguf"
        try TinyLlama().write(to: whole)
        let file = try GGUFFile(path: whole)
        let third = (file.tensors.count + 2) / 3
        for part in 0..<3 {
            let tensors = Array(file.tensors.dropFirst(part * third).prefix(third))
            var metadata = part == 0 ? file.metadata : GGUFMetadata()
            metadata["split.no"] = .uint16(UInt16(part))
            metadata["split.count"] = .uint16(3)
            metadata["split.tensors.count"] = .int32(Int32(file.tensors.count))
            var writer = try GGUFWriter(path: path(part + 1), metadata: metadata, tensors: tensors.map(\.layout))
            for tensor in tensors {
                var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
                try bytes.withUnsafeMutableBytes { try tensor.read(into: $0, at: 0) }
                try writer.write(bytes.span.bytes)
            }
            try writer.finish()
        }
    }

    /// How many steps of packing were told of; one where packed weights were read.
    private func load(_ part: Int, whilePacking: () throws -> Void = {}) throws -> Int {
        var (steps, fault) = (0, (any Error)?.none)
        _ = try PackedWeights(GGUFFile(path: path(part)), vectorWidth: 16, cache: cache) { _ in
            steps += 1
            do { try whilePacking() } catch { fault = error }
        }
        if let fault { throw fault }
        return steps
    }

    /// Writes to the end of a part.
    private func touch(_ part: Int) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(part)))
        try file.seek(toOffset: try file.seekToEnd() - 64)
        try file.write(contentsOf: Data(repeating: 0x3c, count: 64))
        try file.close()
    }

    @Test func allPartsHaveOneFile() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write()
        #expect(try load(1) > 1)
        #expect(kept.count == 1)
        for part in 1...3 { #expect(try load(part) == 1) }
        #expect(kept.count == 1)
    }

    @Test(arguments: 1...3)
    func everyPartCounts(part: Int) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write()
        _ = try load(1)
        let before = kept
        Thread.sleep(forTimeInterval: 0.02)
        try touch(part)
        #expect(try load(1) > 1, "weights of another state were used")
        #expect(kept.count == 1 && kept != before)
    }

    @Test(arguments: 1...3)
    func aPartThatIsWrittenToMeanwhileIsNoticed(part: Int) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write()
        Thread.sleep(forTimeInterval: 0.02)
        let error = try #require(throws: GGUFError.self) { _ = try load(2) { try touch(part) } }
        #expect(error.code == .changed && error.path == path(part))
        #expect(kept == [])
    }

    /// The open file is whole and as it was; but another stands at its path, which would be taken for it.
    @Test(arguments: 1...3)
    func aPartThatIsReplacedMeanwhileLeavesNothing(part: Int) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write()
        let other = folder + "/other"
        try FileManager.default.copyItem(atPath: path(part), toPath: other)
        #expect(try load(1) { rename(other, path(part)) } > 1)
        #expect(kept == [])
        #expect(try load(1) > 1)
        #expect(kept.count == 1)
    }
}
