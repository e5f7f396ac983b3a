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
    /// Kept alive where the buffer is a part of it.
    private let imported: HostMemory?
    let device: VulkanDevice

    private struct Mapped: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    /// What buffers may be used for: all the same, as any may be bound in any way.
    static let usage =
        VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT.rawValue
        | VK_BUFFER_USAGE_TRANSFER_SRC_BIT.rawValue | VK_BUFFER_USAGE_TRANSFER_DST_BIT.rawValue

    /// - Throws: `ComputeError.outOfMemory` when the heap cannot hold `byteCount` bytes.
    init(byteCount: Int, access: BufferAccess, label: String, on device: VulkanDevice) throws(ComputeError) {
        let size = max(16, (byteCount + 15) / 16 * 16)
        handle = try Self.create(size: size, byteCount: byteCount, imported: false, on: device)
        do throws(ComputeError) {
            (memory, mapped) = try Self.allocate(for: handle, size: size, access: access, on: device)
        } catch {
            device.functions.destroyBuffer(device.handle.raw, handle.raw, nil)
            throw error
        }
        imported = nil
        self.byteCount = byteCount
        self.access = access
        self.label = label
        self.device = device
    }

    /// A part of host memory, from a page's start on.
    init(
        over host: HostMemory, _ range: Range<Int>, label: String, on device: VulkanDevice
    ) throws(ComputeError) {
        precondition(
            range.lowerBound % HostMemory.alignment == 0 && range.upperBound <= host.byteCount,
            "\(label) is not a part of the memory")
        let size = max(16, (range.count + 15) / 16 * 16)
        handle = try Self.create(size: size, byteCount: range.count, imported: true, on: device)
        let bytes = UnsafeMutableRawBufferPointer(rebasing: host.bytes[range])
        do throws(ComputeError) {
            memory = try Self.importMemory(bytes, for: handle, on: device)
        } catch {
            device.functions.destroyBuffer(device.handle.raw, handle.raw, nil)
            throw error
        }
        mapped = Mapped(bytes: bytes)
        imported = host
        byteCount = range.count
        access = .host
        self.label = label
        self.device = device
    }

    deinit {
        device.functions.destroyBuffer(device.handle.raw, handle.raw, nil)
        device.functions.freeMemory(device.handle.raw, memory.raw, nil)
    }

    private static func create(
        size: Int, byteCount: Int, imported: Bool, on device: VulkanDevice
    ) throws(ComputeError) -> Handle<Tag.Buffer> {
        guard size <= device.limits.maxAllocationSize else {
            throw .outOfMemory(
                device: device.description.name, asked: byteCount, available: device.limits.maxAllocationSize)
        }
        var arena = Arena()
        var info = VkBufferCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
        info.size = VkDeviceSize(size)
        info.usage = usage
        if imported {
            let external = arena.put(VkExternalMemoryBufferCreateInfo())
            external.pointee.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO
            external.pointee.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT.rawValue
            info.pNext = UnsafeRawPointer(external)
        }
        var buffer: VkBuffer?
        let result = device.functions.createBuffer(device.handle.raw, &info, nil, &buffer)
        try device.check(result, "vkCreateBuffer")
        return try device.handle(buffer, "vkCreateBuffer")
    }

    private static func importMemory(
        _ bytes: UnsafeMutableRawBufferPointer, for buffer: Handle<Tag.Buffer>, on device: VulkanDevice
    ) throws(ComputeError) -> Handle<Tag.Memory> {
        let vk = device.functions
        guard let getProperties = vk.getMemoryHostPointerProperties else {
            throw .unsupported(device: device.description.name, reason: "it does not work on memory of the host")
        }
        let kind = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT
        var properties = VkMemoryHostPointerPropertiesEXT()
        properties.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT
        let result = getProperties(device.handle.raw, kind, bytes.baseAddress, &properties)
        try device.check(result, "vkGetMemoryHostPointerPropertiesEXT")
        var needs = VkMemoryRequirements()
        vk.getBufferMemoryRequirements(device.handle.raw, buffer.raw, &needs)
        let types = properties.memoryTypeBits & needs.memoryTypeBits
        guard types != 0 else {
            throw .unsupported(device: device.description.name, reason: "no memory of the kind needed")
        }
        var arena = Arena()
        let source = arena.put(VkImportMemoryHostPointerInfoEXT())
        source.pointee.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT
        source.pointee.handleType = kind
        source.pointee.pHostPointer = bytes.baseAddress
        var info = VkMemoryAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
        info.pNext = UnsafeRawPointer(source)
        info.allocationSize = VkDeviceSize(HostMemory.pages(bytes.count))
        info.memoryTypeIndex = UInt32(types.trailingZeroBitCount)
        var raw: VkDeviceMemory?
        try device.check(vk.allocateMemory(device.handle.raw, &info, nil, &raw), "vkAllocateMemory")
        let memory: Handle<Tag.Memory> = try device.handle(raw, "vkAllocateMemory")
        do throws(ComputeError) {
            let bound = vk.bindBufferMemory(device.handle.raw, buffer.raw, memory.raw, 0)
            try device.check(bound, "vkBindBufferMemory")
        } catch {
            vk.freeMemory(device.handle.raw, memory.raw, nil)
            throw error
        }
        return memory
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
