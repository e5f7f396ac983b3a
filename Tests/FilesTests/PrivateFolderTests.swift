import Files
import Foundation
import Testing

@Suite("Folders that nobody else may use")
struct PrivateFolderTests {
    private func read(_ name: String, in folder: PrivateFolder) -> (PrivateFolder.Finding, [UInt8]) {
        var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        defer { bytes.deallocate() }
        let finding = folder.read(name) { count in
            bytes = .allocate(byteCount: count, alignment: 16)
            return bytes
        }
        return (finding, Array(bytes))
    }

    private func keep(_ content: [UInt8], as name: String, in folder: PrivateFolder) throws {
        try content.withUnsafeBytes { try folder.keep($0, as: name) }
    }

    @Test("What is kept is read back, by the user alone", arguments: [1, 31, 4096, 9 << 20 + 5])
    func kept(count: Int) throws {
        let outer = try Folder()
        let folder = try PrivateFolder(path: outer.path("made/on/the/way"))
        #expect(try outer.mode("made/on/the/way") == 0o700)
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        try keep(content, as: "file", in: folder)
        #expect(try outer.mode("made/on/the/way/file") == 0o600)
        #expect(folder.names == ["file"])
        let (finding, bytes) = read("file", in: folder)
        #expect(finding == .whole && bytes == content)
        #expect(read("none", in: folder).0 == .absent)
        folder.remove("file")
        #expect(read("file", in: folder).0 == .absent)
    }

    @Test("Whatever is damaged counts as none", arguments: [100, 9 << 20 + 5])
    func damaged(count: Int) throws {
        let outer = try Folder()
        let folder = try PrivateFolder(path: outer.path)
        try keep([UInt8](repeating: 7, count: count), as: "file", in: folder)
        let url = URL(filePath: outer.path("file"))
        let whole = try Data(contentsOf: url)
        var mutants = [whole.prefix(whole.count / 2), whole.prefix(5), Data(), whole + [0], whole.dropLast(4)]
        for place in [0, 31, 32, whole.count / 2, whole.count - 1] {
            var flipped = whole
            flipped[place] ^= 0x10
            mutants.append(flipped)
        }
        for mutant in mutants {
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: mutant)
            try handle.close()
            guard case .damaged(let reason) = read("file", in: folder).0 else {
                Issue.record("\(mutant.count) bytes of \(whole.count) were taken for whole")
                continue
            }
            #expect(!reason.isEmpty)
        }
    }

    @Test("Files and folders that others could have written are not used")
    func open() throws {
        let outer = try Folder()
        let path = outer.path("cache")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        chmod(path, 0o777)
        let folder = try PrivateFolder(path: path)
        #expect(try outer.mode("cache") == 0o700, "the folder stays open to others")
        try keep([1, 2, 3], as: "file", in: folder)
        chmod(folder.path + "/file", 0o644)
        #expect(read("file", in: folder).0 == .damaged("others may use it (mode 644)"))
        chmod(folder.path + "/file", 0o600)
        #expect(read("file", in: folder).0 == .whole)
        symlink(folder.path + "/file", folder.path + "/link")
        guard case .damaged = read("link", in: folder).0 else {
            Issue.record("a link was followed")
            return
        }
        guard geteuid() == 0 else { return print("SKIPPED: only root can make files of other users") }
        chown(folder.path + "/file", 12_345, 12_345)
        #expect(read("file", in: folder).0 == .damaged("it belongs to user 12345"))
        chown(path, 12_345, 12_345)
        #expect(throws: FileFault.notPrivate(path: path, reason: "it belongs to user 12345")) {
            try PrivateFolder(path: path)
        }
        #expect(throws: FileFault.self) { try PrivateFolder(path: "/proc/none") }
    }
}
