import Glibc

/// A regular file that is open for reading, and what it was when it was opened.
///
/// Its bytes are read and never mapped: where someone else cuts a file that is mapped, touching a lost page is a
/// SIGBUS, which ends the process with all that it serves. A read that comes back short is an error like any other.
package final class OpenFile: Sendable {
    package let path: String
    /// Taken from the open file, not from its path, which may name another file by now.
    package let identity: FileIdentity
    private let descriptor: CInt

    package var byteCount: Int { identity.byteCount }

    /// - Throws: `FileFault` when the file cannot be opened or is not a regular file.
    package convenience init(path: String) throws(FileFault) {
        // Opening a pipe without O_NONBLOCK would wait for a writer.
        try self.init(path: path, flags: O_NONBLOCK) { (_) throws(FileFault) in }
    }

    /// Opens a file that must be the user's own, and that nobody else may write.
    ///
    /// - Throws: `FileFault.notPrivate` besides.
    package convenience init(private path: String) throws(FileFault) {
        try self.init(path: path, flags: O_NONBLOCK | O_NOFOLLOW) { (status) throws(FileFault) in
            if status.st_uid != geteuid() {
                throw .notPrivate(path: path, reason: "it belongs to user \(status.st_uid)")
            }
            if status.st_mode & 0o077 != 0 {
                throw .notPrivate(
                    path: path, reason: "others may use it (mode \(String(status.st_mode & 0o777, radix: 8)))")
            }
        }
    }

    private init(
        path: String, flags: CInt, check: (stat) throws(FileFault) -> Void
    ) throws(FileFault) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw .system("cannot open", path) }
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        let known = fstat(descriptor, &status) == 0
        // From here on `deinit` closes the descriptor, whatever is thrown.
        identity = FileIdentity(status)
        guard known else { throw .system("cannot stat", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
        try check(status)
    }

    deinit { close(descriptor) }

    /// Fills `bytes` from `offset` on, which the caller has checked to lie within `byteCount`. Blocks.
    ///
    /// - Throws: `FileFault.changed` where the file was cut.
    package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileFault) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "read beyond the end of \(path)")
        var done = 0
        while done < bytes.count {
            let count = pread(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("cannot read", path) }
            guard count > 0 else {
                try checkUnchanged()
                throw .changed(path: path, detail: "the file ends at byte \(offset + done) of \(byteCount)")
            }
            done += count
        }
    }

    /// - Throws: `FileFault.changed` when the file was cut, grown or written to since it was opened.
    package func checkUnchanged() throws(FileFault) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("cannot stat", path) }
        let now = FileIdentity(status)
        guard now != identity else { return }
        throw .changed(
            path: path,
            detail: now.byteCount == byteCount
                ? "the file was written to while it was open"
                : "the file changed from \(byteCount) to \(now.byteCount) bytes while it was open")
    }
}
