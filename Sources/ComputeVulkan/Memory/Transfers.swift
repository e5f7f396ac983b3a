import CVulkan
import Compute
import Synchronization

/// Copies bytes between the host and memory that it does not see, by way of memory that both see, which is kept for the
/// next copy. One copy at a time.
final class Transfers: Sendable {
    private let logical: LogicalDevice
    private let queue: DeviceQueue
    private let kept = Mutex(Kept())

    /// What the first copy makes.
    private struct Kept {
        var stream: CommandStream?
        var staging: Slab?
    }

    /// The most that goes at once. Chosen: long enough for the bus to be at its full speed, and little beside a model.
    private static let mostBytes = 64 << 20
    private static let leastBytes = 1 << 20

    init(on logical: LogicalDevice, queue: DeviceQueue) {
        self.logical = logical
        self.queue = queue
    }

    /// Blocks until the bytes are there.
    func write(
        _ bytes: UnsafeRawBufferPointer, to slab: Slab, at offset: Int, on device: VulkanDevice
    ) throws(ComputeError) {
        try kept.withLock { (kept) throws(ComputeError) in
            let (staging, seen) = try Self.staging(bytes.count, &kept, on: device)
            let stream = try stream(&kept)
            for start in stride(from: 0, to: bytes.count, by: seen.count) {
                let part = bytes[start..<min(bytes.count, start + seen.count)]
                seen.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
                try stream.copy(from: staging, at: 0, to: slab, at: offset + start, byteCount: part.count)
            }
        }
    }

    func read(
        _ slab: Slab, at offset: Int, into bytes: UnsafeMutableRawBufferPointer, on device: VulkanDevice
    ) throws(ComputeError) {
        try kept.withLock { (kept) throws(ComputeError) in
            let (staging, seen) = try Self.staging(bytes.count, &kept, on: device)
            let stream = try stream(&kept)
            for start in stride(from: 0, to: bytes.count, by: seen.count) {
                let part = UnsafeMutableRawBufferPointer(
                    rebasing: bytes[start..<min(bytes.count, start + seen.count)])
                try stream.copy(from: slab, at: offset + start, to: staging, at: 0, byteCount: part.count)
                part.copyMemory(from: UnsafeRawBufferPointer(rebasing: seen[..<part.count]))
            }
        }
    }

    /// Memory for the next copy: what is kept, where it is large enough.
    private static func staging(
        _ byteCount: Int, _ kept: inout Kept, on device: VulkanDevice
    ) throws(ComputeError) -> (Slab, UnsafeMutableRawBufferPointer) {
        let most = min(mostBytes, device.limits.maxAllocationSize)
        let wanted = min(most, max(leastBytes, byteCount))
        if let staging = kept.staging, staging.byteCount >= wanted, let seen = staging.mapped { return (staging, seen) }
        kept.staging = nil
        let slab = try Slab(byteCount: wanted, access: .host, on: device)
        guard let seen = slab.mapped else {
            throw .unsupported(device: device.description.name, reason: "it has no memory that the host can see")
        }
        kept.staging = slab
        return (slab, seen)
    }

    private func stream(_ kept: inout Kept) throws(ComputeError) -> CommandStream {
        if let stream = kept.stream { return stream }
        let stream = try CommandStream(on: logical, queue: queue)
        kept.stream = stream
        return stream
    }
}

extension CommandStream {
    /// Blocks until the bytes are there.
    fileprivate func copy(
        from source: Slab, at sourceOffset: Int, to target: Slab, at targetOffset: Int, byteCount: Int
    ) throws(ComputeError) {
        try run { commands in
            var region = VkBufferCopy(
                srcOffset: VkDeviceSize(sourceOffset), dstOffset: VkDeviceSize(targetOffset),
                size: VkDeviceSize(byteCount))
            functions.cmdCopyBuffer(commands.raw, source.handle.raw, target.handle.raw, 1, &region)
        }
    }
}
