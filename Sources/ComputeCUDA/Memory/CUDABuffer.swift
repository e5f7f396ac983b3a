import CCUDA
import Compute

/// Memory of one device and its parts, freed when its last holder lets go.
///
/// What the host writes or reads is pinned memory of its own: kernels of an integrated device work on it where it
/// stands, and to and from others it is copied within a lane.
final class CUDABuffer: Buffer {
    let byteCount: Int
    let label: String
    /// Where kernels find it.
    let address: weft_CUdeviceptr
    let context: CUDAContext
    private let transfers: Transfers
    /// The device's own.
    private let memory: DeviceMemory?
    /// The host's.
    private let pinned: PinnedMemory?

    /// - Throws: `ComputeError.outOfMemory` when the device cannot hold `byteCount` bytes.
    init(byteCount: Int, access: BufferAccess, label: String, on device: CUDADevice) throws(ComputeError) {
        // Whole vectors may be read at the end.
        let size = max(64, (byteCount + 63) / 64 * 64)
        guard size <= device.limits.maxAllocationSize else {
            throw .outOfMemory(
                device: device.description.name, asked: byteCount, available: device.limits.maxAllocationSize)
        }
        let isSeen = access == .host || access != .device && device.limits.seesDeviceMemory
        memory = isSeen ? nil : try DeviceMemory(byteCount: size, in: device.context)
        pinned = access == .device ? nil : try PinnedMemory(byteCount: size, in: device.context)
        address = memory?.address ?? pinned?.address ?? 0
        self.byteCount = byteCount
        self.label = label
        context = device.context
        transfers = device.transfers
    }

    /// A part of host memory, from a page's start on.
    init(
        over host: HostMemory, _ range: Range<Int>, label: String, on device: CUDADevice
    ) throws(ComputeError) {
        precondition(
            range.lowerBound % HostMemory.alignment == 0 && range.upperBound <= host.byteCount,
            "\(label) is not a part of the memory")
        let pinned = try PinnedMemory(over: host, range, in: device.context)
        (self.pinned, memory, address) = (pinned, nil, pinned.address)
        byteCount = range.count
        self.label = label
        context = device.context
        transfers = device.transfers
    }

    var contents: UnsafeMutableRawBufferPointer? {
        pinned.map { UnsafeMutableRawBufferPointer(start: $0.start, count: byteCount) }
    }

    /// What the host sees of a buffer that is apart from it.
    var shadow: UnsafeMutableRawPointer? { memory == nil ? nil : pinned?.start }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "write past the end of \(label)")
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        pinned.map { ($0.start + offset).copyMemory(from: start, byteCount: bytes.count) }
        if memory != nil { try transfers.write(bytes, to: address + UInt64(offset)) }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "read past the end of \(label)")
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        if memory != nil {
            try transfers.read(address + UInt64(offset), into: bytes)
        } else if let pinned {
            start.copyMemory(from: pinned.start + offset, byteCount: bytes.count)
        }
    }
}

/// Memory that is the device's alone.
final class DeviceMemory: Sendable {
    private let owned: Owned<Tag.DeviceMemory>

    var address: weft_CUdeviceptr { weft_CUdeviceptr(UInt(bitPattern: owned.raw)) }

    /// - Throws: `ComputeError.outOfMemory`, with what is free.
    init(byteCount: Int, in context: CUDAContext) throws(ComputeError) {
        let functions = context.functions
        owned = try context.owningMemory(byteCount) { () throws(ComputeError) in
            try context.own("cuMemAlloc") { raw in
                var address: weft_CUdeviceptr = 0
                let code = functions.memAlloc(&address, byteCount)
                raw = OpaquePointer(bitPattern: UInt(address))
                return code
            } release: {
                functions.memFree(weft_CUdeviceptr(UInt(bitPattern: $0)))
            }
        }
    }
}

/// Pages of the host's memory that stay where they are, so that the device copies from and to them by itself, and
/// works on them.
final class PinnedMemory: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    /// Where kernels find it.
    let address: weft_CUdeviceptr
    private let owned: Owned<Tag.HostMemory>

    init(byteCount: Int, in context: CUDAContext) throws(ComputeError) {
        let functions = context.functions
        let flags = UInt32(WEFT_CU_MEMHOSTALLOC_PORTABLE | WEFT_CU_MEMHOSTALLOC_DEVICEMAP)
        owned = try context.owningMemory(byteCount) { () throws(ComputeError) in
            try context.own("cuMemHostAlloc") { raw in
                var memory: UnsafeMutableRawPointer?
                let code = functions.memHostAlloc(&memory, byteCount, flags)
                raw = memory.map { OpaquePointer($0) }
                return code
            } release: {
                functions.memFreeHost(UnsafeMutableRawPointer($0))
            }
        }
        start = UnsafeMutableRawPointer(owned.raw)
        address = try Self.address(of: start, in: context)
    }

    /// Pages that someone else reserved, which live as long.
    init(over memory: HostMemory, _ range: Range<Int>, in context: CUDAContext) throws(ComputeError) {
        let functions = context.functions
        guard let base = memory.bytes.baseAddress else { preconditionFailure("host memory has no address") }
        let flags = UInt32(WEFT_CU_MEMHOSTREGISTER_PORTABLE | WEFT_CU_MEMHOSTREGISTER_DEVICEMAP)
        let place = base + range.lowerBound
        owned = try context.own("cuMemHostRegister") { raw in
            raw = OpaquePointer(place)
            return functions.memHostRegister(place, HostMemory.pages(range.count), flags)
        } release: { [memory] place in
            withExtendedLifetime(memory) { functions.memHostUnregister(UnsafeMutableRawPointer(place)) }
        }
        start = place
        address = try Self.address(of: place, in: context)
    }

    private static func address(
        of memory: UnsafeMutableRawPointer, in context: CUDAContext
    ) throws(ComputeError) -> weft_CUdeviceptr {
        try context.call("cuMemHostGetDevicePointer", 0) {
            context.functions.memHostGetDevicePointer(&$0, memory, 0)
        }
    }
}

extension CUDAContext {
    /// What `reserve` reserves; an error for want of memory says how much was asked for and how much is free.
    fileprivate func owningMemory<Tag>(
        _ byteCount: Int, _ reserve: () throws(ComputeError) -> Owned<Tag>
    ) throws(ComputeError) -> Owned<Tag> {
        do throws(ComputeError) { return try reserve() } catch {
            guard case .outOfMemory = error else { throw error }
            throw .outOfMemory(device: name, asked: byteCount, available: freeBytes)
        }
    }
}
