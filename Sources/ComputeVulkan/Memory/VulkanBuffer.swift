import CVulkan
import Compute

/// Memory of one Vulkan device, freed when its last holder lets go.
///
/// What is larger than one allocation or one binding stands in slabs, each a window of the kernels.
final class VulkanBuffer: Buffer {
    let byteCount: Int
    let label: String
    let device: VulkanDevice
    let slabs: [Slab]
    /// Bytes of each slab but the last.
    private let slabBytes: Int
    private let access: BufferAccess
    /// Where the host sees what is copied to or from the slab, if it does not see that.
    let shadow: Slab?
    /// Kept alive where the buffer is a part of it.
    private let imported: HostMemory?

    /// - Throws: `ComputeError.outOfMemory` when the heap cannot hold `byteCount` bytes.
    init(byteCount: Int, access: BufferAccess, label: String, on device: VulkanDevice) throws(ComputeError) {
        // What the host sees is in one piece.
        slabBytes = access == .device ? Self.slabBytes(byteCount, device.limits) : max(1, byteCount)
        let mayBeCopied = access == .upload || access == .download
        if mayBeCopied, let seen = try? Slab(byteCount: byteCount, access: access, on: device) {
            (slabs, shadow) = ([seen], nil)
        } else if mayBeCopied {
            slabs = [try Slab(byteCount: byteCount, access: .device, on: device)]
            shadow = try Slab(byteCount: byteCount, access: .host, on: device)
        } else {
            var slabs: [Slab] = []
            for start in stride(from: 0, to: max(1, byteCount), by: slabBytes) {
                slabs.append(try Slab(byteCount: min(slabBytes, byteCount - start), access: access, on: device))
            }
            (self.slabs, shadow) = (slabs, nil)
        }
        self.byteCount = byteCount
        self.access = access
        self.label = label
        self.device = device
        imported = nil
    }

    /// A part of host memory, from a page's start on.
    init(
        over host: HostMemory, _ range: Range<Int>, label: String, on device: VulkanDevice
    ) throws(ComputeError) {
        precondition(
            range.lowerBound % HostMemory.alignment == 0 && range.upperBound <= host.byteCount,
            "\(label) is not a part of the memory")
        slabs = [try Slab(over: UnsafeMutableRawBufferPointer(rebasing: host.bytes[range]), on: device)]
        slabBytes = max(1, range.count)
        shadow = nil
        imported = host
        byteCount = range.count
        access = .host
        self.label = label
        self.device = device
    }

    /// All of a buffer that one binding or one texel view shows, else a window.
    private static func slabBytes(_ byteCount: Int, _ limits: DeviceLimits) -> Int {
        let shown = max(limits.maxBindingSize, 16 * limits.maxTexelElements)
        return byteCount <= min(shown, limits.maxAllocationSize) ? max(1, byteCount) : limits.windowBytes
    }

    /// The slab in which the byte at `offset` stands, and its place there.
    func place(of offset: Int) -> (slab: Slab, offset: Int) { (slabs[offset / slabBytes], offset % slabBytes) }

    var contents: UnsafeMutableRawBufferPointer? {
        let seen = access == .device ? nil : shadow?.mapped ?? slabs[0].mapped
        return seen.map { UnsafeMutableRawBufferPointer(rebasing: $0[..<byteCount]) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "write past the end of \(label)")
        if let seen = shadow?.mapped {
            UnsafeMutableRawBufferPointer(rebasing: seen[offset...]).copyMemory(from: bytes)
        }
        for piece in pieces(offset..<offset + bytes.count) {
            let part = UnsafeRawBufferPointer(rebasing: bytes[piece.part])
            if let seen = piece.slab.mapped {
                UnsafeMutableRawBufferPointer(rebasing: seen[piece.offset...]).copyMemory(from: part)
            } else {
                try device.transfers.write(part, to: piece.slab, at: piece.offset, on: device)
            }
        }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "read past the end of \(label)")
        for piece in pieces(offset..<offset + bytes.count) {
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[piece.part])
            if let seen = piece.slab.mapped {
                part.copyMemory(from: UnsafeRawBufferPointer(rebasing: seen[piece.offset..<piece.offset + part.count]))
            } else {
                try device.transfers.read(piece.slab, at: piece.offset, into: part, on: device)
            }
        }
    }

    /// What each slab has of a range of bytes: where it stands in the slab, and in the range.
    private func pieces(_ range: Range<Int>) -> [(slab: Slab, offset: Int, part: Range<Int>)] {
        var pieces: [(slab: Slab, offset: Int, part: Range<Int>)] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let (slab, offset) = place(of: start)
            let end = min(range.upperBound, start - offset + slabBytes)
            pieces.append((slab, offset, start - range.lowerBound..<end - range.lowerBound))
            start = end
        }
        return pieces
    }
}
