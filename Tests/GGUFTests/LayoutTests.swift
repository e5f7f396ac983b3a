import GGUF
import Testing

/// Where tensors may stand in a file.
@Suite("Places of tensors")
struct LayoutTests {
    @Test("Fault 7: every alignment that is a power of two from 8 on", arguments: [8, 16, 32, 64, 256, 4096, 65_536])
    func alignments(alignment: Int) throws {
        let folder = try TemporaryFolder()
        var file = RawFile(tensors: 2, keys: 1)
        file.add(key: "general.alignment", type: 4, UInt32(alignment))
        file.add(tensor: "first", shape: [1], type: 0, offset: 0)
        file.add(tensor: "second", shape: [1], type: 0, offset: UInt64(alignment))
        file.pad(to: alignment, data: 0)
        file.add(Float(3).bitPattern)
        file.pad(to: alignment, data: 0)
        file.add(Float(5).bitPattern)
        let opened = try GGUFFile(path: folder.write(file.bytes))
        #expect(try opened.tensor("first").floats() == [3])
        #expect(try opened.tensor("second").floats() == [5])
        // The same place by another alignment is none.
        guard alignment > 8 else { return }
        file = RawFile(tensors: 1, keys: 1)
        file.add(key: "general.alignment", type: 4, UInt32(alignment))
        file.add(tensor: "first", shape: [1], type: 0, offset: UInt64(alignment / 2))
        file.pad(to: alignment, data: 2 * alignment)
        let error = try #require(throws: GGUFError.self) { try GGUFFile(path: folder.write(file.bytes)) }
        #expect(error.code == .badOffset)
    }

    @Test("Descriptions need not be in the order of names or of data, and data may have gaps")
    func anyOrder() throws {
        let folder = try TemporaryFolder()
        let bytes = ordered(offsets: [128, 0, 320, 64])
        let file = try GGUFFile(path: folder.write(bytes))
        #expect(file.tensors.map(\.name) == ["d", "b", "c", "a"])
        for (index, tensor) in file.tensors.enumerated() {
            #expect(try tensor.floats() == [Float](repeating: Float(index), count: 8))
        }
    }

    @Test(
        "Fault 8: overlaps are found in any order",
        arguments: [[128, 0, 96, 32], [0, 32, 32, 64], [256, 192, 224, 192]])
    func overlaps(offsets: [Int]) throws {
        let folder = try TemporaryFolder()
        var file = RawFile(tensors: 4, keys: 0)
        for (name, offset) in zip(["d", "b", "c", "a"], offsets) {
            file.add(tensor: name, shape: [name == "b" && offset == 0 ? 16 : 8], type: 0, offset: UInt64(offset))
        }
        file.pad(data: 512)
        let error = try #require(throws: GGUFError.self) { try GGUFFile(path: folder.write(file.bytes)) }
        #expect(error.code == .overlappingTensors)
    }

    /// Tensors of eight values, the index of each, at these offsets.
    private func ordered(offsets: [Int]) -> [UInt8] {
        var file = RawFile(tensors: UInt64(offsets.count), keys: 0)
        for (name, offset) in zip(["d", "b", "c", "a"], offsets) {
            file.add(tensor: name, shape: [8], type: 0, offset: UInt64(offset))
        }
        file.pad(data: 0)
        let start = file.bytes.count
        for (index, offset) in offsets.enumerated().sorted(by: { $0.element < $1.element }) {
            file.pad(to: 1, data: start + offset - file.bytes.count)
            for _ in 0..<8 { file.add(Float(index).bitPattern) }
        }
        return file.bytes
    }
}
