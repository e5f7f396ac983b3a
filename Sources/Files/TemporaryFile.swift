package import Glibc

/// A file that appears at its path only when it is complete: written under another name beside it, then renamed.
///
/// Without `commit` it is removed when its owner goes. Where the whole process goes, as by `kill -9`, the next one
/// finds it by `removeAbandoned`: a living owner holds a lock on it, and a lock ends with its process.
package struct TemporaryFile: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let descriptor: CInt
    private var isCommitted = false

    /// What stands between the name and `.partial`: a random number of so many digits.
    private static let digits = 13
    private static let suffix = ".partial"

    /// - Parameter mode: who may use the file, less what the process's mask takes away.
    /// - Throws: `FileFault` when no file can be created in the folder of `path`.
    package init(for path: String, mode: mode_t = 0o666) throws(FileFault) {
        while true {
            let number = String(UInt64.random(in: 0 ... .max), radix: 36)
            let digits = String(repeating: "0", count: Self.digits - number.count) + number
            let temporaryPath = "\(path).\(digits)\(Self.suffix)"
            let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            guard descriptor >= 0 else { throw .system("cannot create a file", path) }
            // Between the two calls another process may have taken the file for abandoned.
            var status = stat()
            guard flock(descriptor, LOCK_EX) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
                close(descriptor)
                continue
            }
            self.path = path
            self.temporaryPath = temporaryPath
            self.descriptor = descriptor
            return
        }
    }

    deinit {
        // Removed before it is unlocked: nobody else finds it without an owner.
        if !isCommitted { unlink(temporaryPath) }
        close(descriptor)
    }

    /// - Throws: `FileFault`, for example when the disk is full.
    package func write(_ bytes: RawSpan) throws(FileFault) {
        try bytes.withUnsafeBytes { (bytes) throws(FileFault) in
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
    /// - Parameter durably: whether it must survive a loss of power from now on, which takes as long as the disk takes.
    /// - Throws: `FileFault`; then the older one is untouched.
    package consuming func commit(durably: Bool = true) throws(FileFault) {
        if durably { guard fsync(descriptor) == 0 else { throw .system("cannot write", path) } }
        guard rename(temporaryPath, path) == 0 else { throw .system("cannot rename the finished file", path) }
        isCommitted = true
    }

    /// Removes what would have become the file at `path`, had its owner lived.
    package static func removeAbandoned(of path: String) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let folder = slash.map { path[...$0] } ?? "./"
        for found in fileNames(in: String(folder)) where isTemporary(found, of: String(name)) {
            removeIfAbandoned(folder + found)
        }
    }

    /// Removes every file of `folder` that ends in `.partial` and has no living owner: for a folder that nobody else
    /// writes to.
    package static func removeAllAbandoned(in folder: String) {
        for found in fileNames(in: folder) where found.hasSuffix(suffix) { removeIfAbandoned("\(folder)/\(found)") }
    }

    /// Whether `found` was named by `init`, for a file called `name`: others may name files `.partial` too.
    private static func isTemporary(_ found: String, of name: String) -> Bool {
        guard found.hasPrefix("\(name)."), found.hasSuffix(suffix) else { return false }
        return found.utf8.count == name.utf8.count + 1 + digits + suffix.utf8.count
    }

    private static func removeIfAbandoned(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
    }
}

/// The names of all files in a folder; none where it cannot be read.
func fileNames(in folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}
