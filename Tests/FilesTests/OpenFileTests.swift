import Files
import Foundation
import Testing

@Suite("Files that others write to while they are open")
struct OpenFileTests {
    private func bytes(of file: OpenFile, _ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: range.lowerBound) }
        return bytes
    }

    @Test("A file that is cut gives an error where it ends, and no signal")
    func cut() throws {
        let folder = try Folder()
        let path = folder.path(try folder.write(String(repeating: "x", count: 100_000), to: "file"))
        let file = try OpenFile(path: path)
        #expect(try bytes(of: file, 99_990..<100_000) == [UInt8](repeating: 0x78, count: 10))
        truncate(path, 10)
        #expect(try bytes(of: file, 0..<10).count == 10)
        let fault = FileFault.changed(
            path: path, detail: "the file changed from 100000 to 10 bytes while it was open")
        #expect(throws: fault) { try bytes(of: file, 5..<20) }
        #expect(throws: fault) { try bytes(of: file, 99_990..<100_000) }
        #expect(throws: fault) { try file.checkUnchanged() }
    }

    @Test("A file that is written to in place is noticed, one that is replaced stays what it was")
    func replaced() throws {
        let folder = try Folder()
        let path = folder.path(try folder.write("before", to: "file"))
        let file = try OpenFile(path: path)
        try file.checkUnchanged()
        #expect(FileIdentity(path: path) == file.identity)
        _ = try folder.write("after!", to: "other")
        rename(folder.path("other"), path)
        #expect(FileIdentity(path: path) != file.identity)
        try file.checkUnchanged()
        #expect(try bytes(of: file, 0..<6) == Array("before".utf8))

        let new = try OpenFile(path: path)
        // Beyond the granularity of a file system's clock.
        Thread.sleep(forTimeInterval: 0.02)
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.write(contentsOf: Data("again!".utf8))
        try handle.close()
        #expect(throws: FileFault.changed(path: path, detail: "the file was written to while it was open")) {
            try new.checkUnchanged()
        }
    }
}
