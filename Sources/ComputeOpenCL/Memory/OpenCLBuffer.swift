import COpenCL
import Compute
import Glibc

/// Memory of one OpenCL device, freed when its last holder lets go.
///
/// A buffer for the host is host memory that the device works on where it stands; devices that cannot are not opened.
final class OpenCLBuffer: Buffer {
    let byteCount: Int
    let label: String
    let handle: Handle<Tag.Memory>
    let device: OpenCLDevice
    private let shared: Shared?

    private struct Shared: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    /// What drivers want of host memory that they are to use in place.
    private static let pageSize = 4096

    /// - Throws: `ComputeError.outOfMemory` when the device cannot hold `byteCount` bytes.
    init(byteCount: Int, access: BufferAccess, label: String, on device: OpenCLDevice) throws(ComputeError) {
        let size = max(64, (byteCount + 63) / 64 * 64)
        guard size <= device.limits.maxAllocationSize else {
            throw .outOfMemory(
                device: device.description.name, asked: byteCount, available: device.limits.maxAllocationSize)
        }
        var flags = cl_mem_flags(CL_MEM_READ_WRITE)
        var bytes: UnsafeMutableRawBufferPointer?
        if access == .host {
            var pointer: UnsafeMutableRawPointer?
            guard posix_memalign(&pointer, Self.pageSize, size) == 0, let pointer else {
                throw .outOfMemory(device: device.description.name, asked: byteCount, available: nil)
            }
            bytes = UnsafeMutableRawBufferPointer(start: pointer, count: size)
            bytes?.initializeMemory(as: UInt8.self, repeating: 0)
            flags |= cl_mem_flags(CL_MEM_USE_HOST_PTR)
        }
        var code = CL_SUCCESS
        let memory = device.functions.createBuffer(device.context.raw, flags, size, bytes?.baseAddress, &code)
        guard let memory else {
            free(bytes?.baseAddress)
            throw .outOfMemory(
                device: device.description.name, asked: byteCount, available: device.description.memoryByteCount)
        }
        handle = Handle(raw: memory)
        shared = bytes.map { Shared(bytes: $0) }
        self.byteCount = byteCount
        self.label = label
        self.device = device
    }

    deinit {
        _ = device.functions.releaseMemObject(handle.raw)
        free(shared?.bytes.baseAddress)
    }

    var contents: UnsafeMutableRawBufferPointer? {
        shared.map { UnsafeMutableRawBufferPointer(rebasing: $0.bytes[..<byteCount]) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "write past the end of \(label)")
        if let contents {
            UnsafeMutableRawBufferPointer(rebasing: contents[offset...]).copyMemory(from: bytes)
        } else {
            try device.write(bytes, to: handle, at: offset)
        }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "read past the end of \(label)")
        if let contents {
            bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: contents[offset..<offset + bytes.count]))
        } else {
            try device.read(handle, at: offset, into: bytes)
        }
    }
}
