import Foundation

/// Tells when files changed that are read again then.
package struct FileWatch: Sendable {
    /// What tells that a file is another than it was.
    private struct Stamp: Hashable, Sendable {
        private var inode: UInt64
        private var size: Int64
        private var seconds: Int
        private var nanoseconds: Int

        /// `nil` where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (inode, size) = (UInt64(status.st_ino), Int64(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private let paths: [String]
    private var stamps: [Stamp?]
    private var checked = ContinuousClock.now

    /// How often files are looked at. Chosen: at once for who changes them, and nothing beside a request.
    private static let period = Duration.seconds(1)

    /// To be made before the files are read.
    package init(_ paths: [String]) {
        self.paths = paths
        stamps = paths.map { Stamp($0) }
    }

    /// Whether any of the files changed since this was true last, or since the beginning.
    ///
    /// - Complexity: a system call for each file, once a second.
    package mutating func hasChanged() -> Bool {
        let now = ContinuousClock.now
        guard !paths.isEmpty, now - checked >= Self.period else { return false }
        checked = now
        let present = paths.map { Stamp($0) }
        guard present != stamps else { return false }
        stamps = present
        return true
    }
}
