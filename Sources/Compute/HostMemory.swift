import Glibc

/// Whole pages of the host's memory that devices may work on where they stand: a reservation of zeros, or a mapped
/// file.
///
/// Not synchronised: the caller keeps host and devices from touching the same bytes at once.
package final class HostMemory: @unchecked Sendable {
    /// What devices ask of memory that they share, and of the offsets of buffers in it.
    package static let alignment = 4096

    /// The bytes asked for; the rest of the last page is zero.
    package let bytes: UnsafeMutableRawBufferPointer
    /// Whether the bytes may be written.
    package let isWritable: Bool

    package var byteCount: Int { bytes.count }

    /// Reserves zeros.
    /// - Throws: `ComputeError.outOfMemory`.
    package init(byteCount: Int) throws(ComputeError) {
        precondition(byteCount > 0, "memory has at least one byte")
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, Self.pages(byteCount), PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED
        else { throw .outOfMemory(device: "host", asked: byteCount, available: nil) }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
        isWritable = true
    }

    /// Creates a file of zeros, all of whose blocks are reserved, and maps it for writing.
    /// - Throws: `ComputeError.file`, for example where the disk is full or the file exists.
    package init(creating path: String, byteCount: Int) throws(ComputeError) {
        precondition(byteCount > 0, "memory has at least one byte")
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        let full = posix_fallocate(descriptor, 0, byteCount)
        guard full == 0 else {
            unlink(path)
            throw .file(path: path, reason: String(cString: strerror(full)))
        }
        guard let start = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else {
            unlink(path)
            throw .file(path: path, reason: String(cString: strerror(errno)))
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
        isWritable = true
    }

    /// Maps a file for reading. It must keep its length for as long as the memory lives.
    /// - Throws: `ComputeError.file`.
    package init(mapping path: String) throws(ComputeError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { throw .file(path: path, reason: "is empty") }
        let count = Int(status.st_size)
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .file(path: path, reason: String(cString: strerror(errno)))
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
        isWritable = false
    }

    deinit { munmap(bytes.baseAddress, Self.pages(bytes.count)) }

    /// `count` rounded up to whole pages.
    package static func pages(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
