import COpenCL
import Compute
import Glibc

/// Memory of one OpenCL device and its parts, freed when its last holder lets go.
///
/// A buffer for the host is host memory that the device works on where it stands; devices that cannot are not opened.
final class OpenCLBuffer: Buffer {
    let byteCount: Int
    let label: String
    let context: OpenCLContext
    private let memory: Owned<Tag.Memory>
    /// Kept alive where the device works on it.
    private let shared: Shared?
    private let isForHost: Bool

    var handle: Handle<Tag.Memory> { memory.handle }

    private struct Shared: @unchecked Sendable {
        let memory: HostMemory
        let bytes: UnsafeMutableRawBufferPointer
    }

    /// - Throws: `ComputeError.outOfMemory` when the device cannot hold `byteCount` bytes.
    convenience init(
        byteCount: Int, access: BufferAccess, label: String, in context: OpenCLContext, limits: DeviceLimits
    ) throws(ComputeError) {
        if access != .device || limits.importsHostMemory {
            try Self.check(byteCount, limits, context)
            let memory = try HostMemory(byteCount: max(1, byteCount))
            try self.init(
                over: memory, 0..<byteCount, label: label, isForHost: access != .device, in: context, limits: limits)
        } else {
            try self.init(
                nil, byteCount: byteCount, cl_mem_flags(CL_MEM_READ_WRITE), label, isForHost: false, context, limits)
        }
    }

    /// A part of host memory, from a page's start on.
    convenience init(
        over memory: HostMemory, _ range: Range<Int>, label: String, isForHost: Bool = true, in context: OpenCLContext,
        limits: DeviceLimits
    ) throws(ComputeError) {
        precondition(
            range.lowerBound % HostMemory.alignment == 0 && range.upperBound <= memory.byteCount,
            "\(label) is not a part of the memory")
        let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[range])
        try self.init(
            Shared(memory: memory, bytes: bytes), byteCount: range.count,
            cl_mem_flags(CL_MEM_READ_WRITE) | cl_mem_flags(CL_MEM_USE_HOST_PTR), label, isForHost: isForHost, context,
            limits)
    }

    private init(
        _ shared: Shared?, byteCount: Int, _ flags: cl_mem_flags, _ label: String, isForHost: Bool,
        _ context: OpenCLContext, _ limits: DeviceLimits
    ) throws(ComputeError) {
        try Self.check(byteCount, limits, context)
        // Whole vectors may be read at the end; the last page of host memory has room for them.
        let size = max(64, (byteCount + 63) / 64 * 64)
        do throws(ComputeError) {
            memory = try context.own("clCreateBuffer", \.releaseMemObject) {
                context.functions.createBuffer(context.handle.raw, flags, size, shared?.bytes.baseAddress, &$0)
            }
        } catch {
            throw .outOfMemory(device: context.name, asked: byteCount, available: nil)
        }
        self.shared = shared
        self.isForHost = isForHost
        self.byteCount = byteCount
        self.label = label
        self.context = context
    }

    private static func check(
        _ byteCount: Int, _ limits: DeviceLimits, _ context: OpenCLContext
    ) throws(ComputeError) {
        guard byteCount <= limits.maxAllocationSize else {
            throw .outOfMemory(device: context.name, asked: byteCount, available: limits.maxAllocationSize)
        }
    }

    var contents: UnsafeMutableRawBufferPointer? { isForHost ? shared?.bytes : nil }

    /// Where a device that computes on the host finds the buffer.
    var address: UnsafeMutableRawPointer? { shared?.bytes.baseAddress }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "write past the end of \(label)")
        if let shared {
            UnsafeMutableRawBufferPointer(rebasing: shared.bytes[offset...]).copyMemory(from: bytes)
        } else {
            try context.write(bytes, to: handle, at: offset)
        }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "read past the end of \(label)")
        if let shared {
            bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: shared.bytes[offset..<offset + bytes.count]))
        } else {
            try context.read(handle, at: offset, into: bytes)
        }
    }
}
