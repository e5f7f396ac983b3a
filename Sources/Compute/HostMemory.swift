import Glibc

/// Whole pages of the host's memory that devices may work on where they stand.
///
/// Never a mapped file: others could write to it while it is in use, or cut it, and then touching it ends the process.
/// Not synchronised: the caller keeps host and devices from touching the same bytes at once.
package final class HostMemory: @unchecked Sendable {
    /// What devices ask of memory that they share, and of the offsets of buffers in it.
    package static let alignment = 4096

    /// The bytes asked for; the rest of the last page is zero.
    package let bytes: UnsafeMutableRawBufferPointer

    package var byteCount: Int { bytes.count }

    /// Reserves zeros.
    /// - Throws: `ComputeError.outOfMemory`, also where the kernel would promise the memory and end the process later,
    ///   when it is touched.
    package init(byteCount: Int) throws(ComputeError) {
        precondition(byteCount > 0, "memory has at least one byte")
        if let available = Self.available, byteCount > available {
            throw .outOfMemory(device: "host", asked: byteCount, available: available)
        }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, Self.pages(byteCount), PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED
        else { throw .outOfMemory(device: "host", asked: byteCount, available: nil) }
        // Large pages, where the kernel has them to give: weights are read from end to end for each token.
        madvise(start, Self.pages(byteCount), MADV_HUGEPAGE)
        bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    }

    deinit { munmap(bytes.baseAddress, Self.pages(bytes.count)) }

    /// `count` rounded up to whole pages.
    package static func pages(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// What the kernel says can be used without swapping; `nil` where it does not say.
    package static var available: Int? {
        guard let file = fopen("/proc/meminfo", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, CInt(line.count), file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(separator: " ")
            if words.first == "MemAvailable:", words.count > 1 { return Int(words[1]).map { $0 << 10 } }
        }
        return nil
    }
}
