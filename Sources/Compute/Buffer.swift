/// Memory of one device, freed when its last holder lets go.
///
/// A buffer larger than `DeviceLimits.maxBindingSize` is legal; kernels see it through several windows.
package protocol Buffer: AnyObject, Sendable {
    var byteCount: Int { get }
    var label: String { get }

    /// The buffer's memory as the host sees it; `nil` for buffers of `BufferAccess.device`.
    ///
    /// Not synchronised: the caller keeps host and device from touching the same bytes at once.
    var contents: UnsafeMutableRawBufferPointer? { get }

    /// Copies bytes into the buffer, by way of a staging buffer where the host cannot see it. Blocks.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError)

    /// Copies bytes out of the buffer. Blocks.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError)
}

/// Who touches a buffer.
package enum BufferAccess: Sendable, Hashable {
    /// Mostly the device: the fastest memory that it has.
    case device
    /// The host writes, in order, and the device reads: memory of the device where the host sees it. What was written
    /// is there for commands after `Commands.upload`. Reading it on the host may be slow.
    case upload
    /// The device writes, and the host reads: memory of the device where the host sees it well, else copied to the
    /// host's. What was written is there when a pass with `Commands.download` is done.
    case download
    /// Device and host: memory of the host that is mapped for as long as the buffer lives.
    case host
}

extension Buffer {
    /// Copies an array into the buffer, `offset` in bytes.
    package func write<Element: BitwiseCopyable>(_ elements: [Element], at offset: Int = 0) throws(ComputeError) {
        let failure: ComputeError? = elements.withUnsafeBytes { bytes in
            do throws(ComputeError) {
                try write(bytes, at: offset)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    /// The buffer's first `count` elements from `offset` bytes on.
    package func read<Element: BitwiseCopyable>(
        _ count: Int, of type: Element.Type, at offset: Int = 0
    ) throws(ComputeError) -> [Element] {
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
        defer { bytes.deallocate() }
        try read(into: bytes, at: offset)
        return Array(bytes.bindMemory(to: type))
    }
}
