import Glibc

/// A folder of files that can be made again, which nobody but the user may read or write (mode 0700, files 0600).
///
/// Each file is a `Checksum` and what it is the checksum of. Files are read into memory of this process and checked
/// there, so that what is used is what was checked, whatever becomes of the file.
package struct PrivateFolder: Sendable {
    package let path: String

    /// Opens the folder, which is made where it is missing, and removes what a killed process left half-written in it.
    ///
    /// - Throws: `FileFault` where it cannot be made, is another user's, or cannot be closed to others.
    package init(path: String) throws(FileFault) {
        self.path = path
        try Self.make(path)
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("cannot stat", path) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notPrivate(path: path, reason: "it is no folder") }
        guard status.st_uid == geteuid() else {
            throw .notPrivate(path: path, reason: "it belongs to user \(status.st_uid)")
        }
        if status.st_mode & 0o077 != 0 {
            guard chmod(path, 0o700) == 0 else { throw .system("cannot close the folder to others", path) }
        }
        TemporaryFile.removeAllAbandoned(in: path)
    }

    /// Makes the folder, and those above it as the user's mask has it.
    private static func make(_ path: String) throws(FileFault) {
        var end = path.startIndex
        while let slash = path[end...].dropFirst().firstIndex(of: "/") {
            end = slash
            guard mkdir(String(path[..<end]), 0o777) == 0 || errno == EEXIST else {
                throw .system("cannot make the folder", path)
            }
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("cannot make the folder", path) }
    }

    /// What became of a file.
    package enum Finding: Sendable, Hashable {
        case absent
        case whole
        /// Cut, written to, or open to others: for the log.
        case damaged(String)
    }

    /// Reads a file, and checks it.
    ///
    /// - Parameter memory: gives memory for the content, of so many bytes; `nil` where that cannot be its size.
    package func read(_ name: String, into memory: (Int) -> UnsafeMutableRawBufferPointer?) -> Finding {
        do throws(FileFault) {
            let file = try OpenFile(private: "\(path)/\(name)")
            let count = file.byteCount - Checksum.byteCount
            guard count > 0, let bytes = memory(count), bytes.count == count else {
                return .damaged("has \(file.byteCount) bytes")
            }
            var expected = [UInt8](repeating: 0, count: Checksum.byteCount)
            try expected.withUnsafeMutableBufferPointer { (bytes) throws(FileFault) in
                try file.read(into: UnsafeMutableRawBufferPointer(bytes), at: 0)
            }
            let found = try Checksum.of(bytes) { (piece, offset) throws(FileFault) in
                try file.read(into: piece, at: Checksum.byteCount + offset)
            }
            return found == expected ? .whole : .damaged("does not have the checksum that it should have")
        } catch {
            if case .system(_, _, ENOENT) = error { return .absent }
            return .damaged(error.reason)
        }
    }

    /// Keeps `content` under `name`, in place of what was there.
    ///
    /// A loss of power may damage it: then it counts as none.
    package func keep(_ content: UnsafeRawBufferPointer, as name: String) throws(FileFault) {
        let checksum = try Checksum.of(content)
        let file = try TemporaryFile(for: "\(path)/\(name)", mode: 0o600)
        try file.write(checksum.span.bytes)
        try file.write(content.bytes)
        try file.commit(durably: false)
    }

    package func remove(_ name: String) { unlink("\(path)/\(name)") }

    /// The names of all files.
    package var names: [String] { fileNames(in: path) }
}
