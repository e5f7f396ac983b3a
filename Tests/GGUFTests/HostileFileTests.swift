import Foundation
import GGUF
import Testing

@Suite("Files that must be refused")
struct HostileFileTests {
    @Test(
        "Faults 1, 2, 3, 7, 8: each gives one clear error",
        arguments: HostileFile.headers + HostileFile.metadata + HostileFile.alignments + HostileFile.tensors)
    func refused(file: HostileFile) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(file.bytes)
        let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
        #expect(error.code == file.code)
        #expect(error.description.contains(file.mention), "\(error)")
        #expect(error.description.hasPrefix(path), "\(error)")
    }

    @Test(
        "Faults 2, 3, 9: files that claim what no model has, and are large enough for it", arguments: HostileFile.sparse
    )
    func sparse(file: HostileFile) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(file.bytes)
        #expect(truncate(path, 200 << 30) == 0)
        let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
        #expect(error.code == file.code)
        #expect(error.description.contains(file.mention), "\(error)")
    }

    @Test("Fault 10: every truncation of a good file")
    func truncations() throws {
        let folder = try TemporaryFolder()
        let bytes = RawFile.tensors(data: 64) { $0.add(tensor: "t", shape: [4, 4], type: 0, offset: 0) }
        _ = try GGUFFile(path: folder.write(bytes))
        for count in 0..<bytes.count {
            let path = try folder.write(Array(bytes.prefix(count)))
            #expect(throws: GGUFError.self, "\(count) bytes") { try GGUFFile(path: path) }
        }
    }

    @Test("No file, a folder, a pipe without a writer")
    func notFiles() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, mention) in [
            (folder.path("absent"), "No such file"), (folder.path(""), "not a regular file"),
            (pipe, "not a regular file"),
        ] {
            let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
            #expect(error.code == .io)
            #expect(error.description.contains(mention))
        }
    }

    @Test("Fault 10: a file that is cut while it is open")
    func cutWhileOpen() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            RawFile.tensors(data: 1 << 16) { $0.add(tensor: "t", shape: [64, 256], type: 0, offset: 0) })
        let file = try GGUFFile(path: path)
        let tensor = try file.tensor("t")
        _ = try tensor.floats(rows: 0..<256)
        #expect(truncate(path, 4096) == 0)
        let error = try #require(throws: GGUFError.self) { try tensor.floats(rows: 0..<256) }
        #expect(error.code == .changed)
        #expect(throws: error) { try file.checkUnchanged() }
        // What is still there can be read, what is not is an error and no signal.
        #expect(try tensor.floats(rows: 0..<4).count == 256)
        #expect(throws: error) { try RowReader(tensor).withRow(200) { _ in } }
    }

    @Test("Names in errors are escaped and cut")
    func names() {
        let error = GGUFError(
            .missingTensor, .tensor("a\n\u{1b}[31m" + String(repeating: "x", count: 500)), "none", in: nil)
        #expect(error.description.hasPrefix(#"tensor "a\n\u{1B}[31mx"#))
        #expect(!error.description.contains("\n"))
        #expect(error.description.count < 120)
    }

    @Test("Rows that a tensor does not have")
    func rows() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(RawFile.tensors { $0.add(tensor: "t", shape: [4, 4], type: 0, offset: 0) })
        let tensor = try GGUFFile(path: path).tensor("t")
        for rows in [-1..<1, 3..<5, 5..<5, 0..<Int.max] {
            let error = try #require(throws: GGUFError.self) { try tensor.floats(rows: rows) }
            #expect(error.code == .outOfRange)
        }
        let small = UnsafeMutableBufferPointer<Float>.allocate(capacity: 7)
        defer { small.deallocate() }
        let error = try #require(throws: GGUFError.self) { try tensor.dequantize(rows: 0..<2, into: small) }
        #expect(error.code == .outOfRange)
    }
}
