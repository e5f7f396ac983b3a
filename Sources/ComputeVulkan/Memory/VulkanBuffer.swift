import CVulkan
import Compute
import Glibc

/// Memory of one Vulkan device, freed when its last holder lets go.
final class VulkanBuffer: Buffer {
    let byteCount: Int
    let label: String
    let handle: Handle<Tag.Buffer>
    private let memory: Handle<Tag.Memory>
    private let mapped: Mapped?
    private let access: BufferAccess
    let device: VulkanDevice

    private struct Mapped: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    /// - Throws: `ComputeError.outOfMemory` when the heap cannot hold `byteCount` bytes.
    init(byteCount: Int, access: BufferAccess, label: String, on device: VulkanDevice) throws(ComputeError) {
        let size = max(16, (byteCount + 15) / 16 * 16)
        let vk = device.functions
        guard size <= device.limits.maxAllocationSize else {
            throw .outOfMemory(
                device: device.description.name, asked: byteCount, available: device.limits.maxAllocationSize)
        }
        var info = VkBufferCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
        info.size = VkDeviceSize(size)
        info.usage =
            VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT.rawValue
            | VK_BUFFER_USAGE_TRANSFER_SRC_BIT.rawValue | VK_BUFFER_USAGE_TRANSFER_DST_BIT.rawValue
        var buffer: VkBuffer?
        try device.check(vk.createBuffer(device.handle.raw, &info, nil, &buffer), "vkCreateBuffer")
        handle = try device.handle(buffer, "vkCreateBuffer")
        do throws(ComputeError) {
            (memory, mapped) = try Self.allocate(for: handle, size: size, access: access, on: device)
        } catch {
            vk.destroyBuffer(device.handle.raw, handle.raw, nil)
            throw error
        }
        self.byteCount = byteCount
        self.access = access
        self.label = label
        self.device = device
    }

    deinit {
        device.functions.destroyBuffer(device.handle.raw, handle.raw, nil)
        device.functions.freeMemory(device.handle.raw, memory.raw, nil)
    }

    private static func allocate(
        for buffer: Handle<Tag.Buffer>, size: Int, access: BufferAccess, on device: VulkanDevice
    ) throws(ComputeError) -> (Handle<Tag.Memory>, Mapped?) {
        let vk = device.functions
        var needs = VkMemoryRequirements()
        vk.getBufferMemoryRequirements(device.handle.raw, buffer.raw, &needs)
        guard let type = device.physical.memory.type(for: access, mask: needs.memoryTypeBits) else {
            throw .unsupported(device: device.description.name, reason: "no memory of the kind needed")
        }
        var info = VkMemoryAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
        info.allocationSize = needs.size
        info.memoryTypeIndex = UInt32(type.index)
        var raw: VkDeviceMemory?
        let result = vk.allocateMemory(device.handle.raw, &info, nil, &raw)
        guard result == VK_SUCCESS, let raw else {
            throw .outOfMemory(device: device.description.name, asked: Int(needs.size), available: type.heap)
        }
        do throws(ComputeError) {
            try device.check(vk.bindBufferMemory(device.handle.raw, buffer.raw, raw, 0), "vkBindBufferMemory")
            guard type.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT.rawValue != 0 else {
                return (Handle(raw: raw), nil)
            }
            var pointer: UnsafeMutableRawPointer?
            try device.check(
                vk.mapMemory(device.handle.raw, raw, 0, VkDeviceSize(size), 0, &pointer), "vkMapMemory")
            let bytes = UnsafeMutableRawBufferPointer(start: pointer, count: size)
            return (Handle(raw: raw), Mapped(bytes: bytes))
        } catch {
            vk.freeMemory(device.handle.raw, raw, nil)
            throw error
        }
    }

    var contents: UnsafeMutableRawBufferPointer? {
        access == .host ? mapped.map { UnsafeMutableRawBufferPointer(rebasing: $0.bytes[..<byteCount]) } : nil
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "write past the end of \(label)")
        guard let from = bytes.baseAddress else { return }
        if let mapped {
            mapped.bytes.baseAddress.map { _ = memcpy($0 + offset, from, bytes.count) }
            return
        }
        let staging = try VulkanBuffer(byteCount: bytes.count, access: .host, label: "staging", on: device)
        try staging.write(bytes, at: 0)
        try device.copy(from: staging, at: 0, to: self, at: offset, byteCount: bytes.count)
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "read past the end of \(label)")
        guard let to = bytes.baseAddress else { return }
        if let mapped {
            mapped.bytes.baseAddress.map { _ = memcpy(to, $0 + offset, bytes.count) }
            return
        }
        let staging = try VulkanBuffer(byteCount: bytes.count, access: .host, label: "staging", on: device)
        try device.copy(from: self, at: offset, to: staging, at: 0, byteCount: bytes.count)
        try staging.read(into: bytes, at: 0)
    }
}
