import Files
import Foundation
import Testing

@Suite("Files that appear when they are complete")
struct TemporaryFileTests {
    @Test("What a living owner writes stays, what a killed one left goes")
    func abandoned() throws {
        let folder = try Folder()
        let path = folder.path("model.gguf")
        let left = try folder.write("left", to: "model.gguf.0123456789abc.partial")
        let others = try [
            folder.write("a", to: "model.gguf.partial"), folder.write("b", to: "other.gguf.0123456789abc.partial"),
        ]
        let living = try TemporaryFile(for: path)
        try living.write([1, 2, 3].span.bytes)
        TemporaryFile.removeAbandoned(of: path)
        #expect(!folder.has(left))
        #expect(others.allSatisfy { folder.has($0) }, "files of others were removed")
        #expect(folder.names.count == 3)

        TemporaryFile.removeAllAbandoned(in: folder.path)
        #expect(!others.contains { folder.has($0) })
        #expect(folder.names.count == 1, "the file of a living owner was removed")
        try living.commit()
        #expect(folder.names == ["model.gguf"])
    }

    @Test("Fault 27: a file goes when the process that writes it was killed, and not before")
    func killed() throws {
        let folder = try Folder()
        let partial = try folder.write("half", to: "a.weights.0123456789abc.partial")
        // A process of its own that holds the lock as `TemporaryFile` does.
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/flock")
        process.arguments = ["--no-fork", "--exclusive", folder.path(partial), "sleep", "60"]
        try process.run()
        while isFree(folder.path(partial)), process.isRunning { Thread.sleep(forTimeInterval: 0.01) }
        TemporaryFile.removeAllAbandoned(in: folder.path)
        #expect(folder.has(partial), "a living owner's file was removed")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        TemporaryFile.removeAllAbandoned(in: folder.path)
        #expect(!folder.has(partial))
    }

    private func isFree(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
}

/// A folder of one test, removed after it.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "weft-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { "\(path)/\(name)" }
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    /// Writes a file and gives its name back.
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
        return name
    }

    func mode(_ name: String = "") throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: name.isEmpty ? path : path(name))
        return (attributes[.posixPermissions] as? Int) ?? -1
    }
}
