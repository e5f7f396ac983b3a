import Glibc

/// A file that appears at its path only when it is complete: written under another name beside it, then renamed.
///
/// Without `commit` it is removed when its owner goes.
struct TemporaryFile: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let descriptor: CInt
    private var isCommitted = false

    /// - Throws: `GGUFError` with code `io` when no file can be created in the folder of `path`.
    init(for path: String) throws(GGUFError) {
        let temporaryPath = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36)).partial"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system("cannot create a file", path) }
        self.path = path
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporaryPath) }
    }

    /// - Throws: `GGUFError` with code `io`, for example when the disk is full.
    func write(_ bytes: RawSpan) throws(GGUFError) {
        try bytes.withUnsafeBytes { (bytes) throws(GGUFError) in
            var rest = bytes
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw .system("cannot write", path) }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }

    /// Puts the file in its place, over an older one.
    ///
    /// - Throws: `GGUFError` with code `io`; then the older one is untouched.
    consuming func commit() throws(GGUFError) {
        guard fsync(descriptor) == 0 else { throw .system("cannot write", path) }
        guard rename(temporaryPath, path) == 0 else { throw .system("cannot rename the finished file", path) }
        isCommitted = true
    }
}
