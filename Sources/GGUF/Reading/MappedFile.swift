import Glibc

/// A file mapped read-only into memory; unmapped when its last user goes.
///
/// The bytes are the file's own pages, loaded when they are touched. A file that is cut short by someone else while it
/// is mapped faults when a lost page is touched: `checkUnchanged` narrows that window to the moment between check and
/// use.
final class MappedFile: Sendable {
    let path: String
    let byteCount: Int
    private let descriptor: CInt
    // Written once in `init`, read-only memory from then on.
    private nonisolated(unsafe) let base: UnsafeRawPointer?

    /// - Throws: `GGUFError` with code `io` when the file cannot be opened, is not a regular file, or cannot be mapped.
    init(path: String) throws(GGUFError) {
        // Opening a pipe without O_NONBLOCK would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system("cannot open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            defer { close(descriptor) }
            throw .system("cannot stat", path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw GGUFError(.io, .file, "not a regular file", in: path)
        }
        let byteCount = Int(status.st_size)
        var base: UnsafeMutableRawPointer?
        if byteCount > 0 {
            base = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard base != MAP_FAILED else {
                defer { close(descriptor) }
                throw .system("cannot map", path)
            }
        }
        self.path = path
        self.byteCount = byteCount
        self.descriptor = descriptor
        self.base = UnsafeRawPointer(base)
    }

    deinit {
        if let base { munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
        close(descriptor)
    }

    /// Lends the bytes of the file; the pointer must not outlive `body`.
    func withBytes<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: byteCount))
    }

    /// - Throws: `GGUFError` with code `changed` when the file no longer has the size that it was mapped with.
    func checkUnchanged() throws(GGUFError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("cannot stat", path) }
        guard Int(status.st_size) == byteCount else {
            let detail = "the file changed from \(byteCount) to \(status.st_size) bytes while it was open"
            throw GGUFError(.changed, .file, detail, in: path)
        }
    }
}

extension GGUFError {
    /// The failure of the system call just made, from `errno`.
    static func system(_ what: String, _ path: String) -> GGUFError {
        GGUFError(.io, .file, "\(what): \(String(cString: strerror(errno)))", in: path)
    }
}
