import CVulkan
import Compute

/// One buffer of Vulkan and the memory behind it.
final class Slab: Sendable {
    let byteCount: Int
    private let buffer: Owned<Tag.Buffer>
    private let memory: Owned<Tag.Memory>
    private let mapping: Mapping?

    var handle: Handle<Tag.Buffer> { buffer.handle }
    /// The memory as the host sees it, where it does.
    var mapped: UnsafeMutableRawBufferPointer? { mapping?.bytes }

    private struct Mapping: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    /// What buffers may be used for: all the same, as any may be bound in any way.
    static let usage =
        VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT.rawValue
        | VK_BUFFER_USAGE_TRANSFER_SRC_BIT.rawValue | VK_BUFFER_USAGE_TRANSFER_DST_BIT.rawValue

    /// - Throws: `ComputeError.outOfMemory` when the heap cannot hold it, `unsupported` where there is no such memory.
    init(byteCount: Int, access: BufferAccess, on device: VulkanDevice) throws(ComputeError) {
        self.byteCount = max(16, (byteCount + 15) / 16 * 16)
        buffer = try Self.create(self.byteCount, imported: false, on: device)
        let needs = Self.needs(of: buffer.handle, on: device)
        let types = device.physical.memory
        let isSeen = access == .host || device.limits.seesDeviceMemory
        guard isSeen || access == .device, let type = types.choice(for: access, mask: needs.memoryTypeBits) else {
            throw .unsupported(device: device.description.name, reason: "no memory of the kind needed")
        }
        do throws(ComputeError) {
            memory = try Self.allocate(needs.size, type: type.index, for: buffer.handle, on: device)
        } catch {
            throw .outOfMemory(
                device: device.description.name, asked: Int(needs.size), available: types.heaps[type.heap])
        }
        mapping =
            isSeen && type.properties.isSuperset(of: .mapped)
            ? try Self.map(memory.handle, self.byteCount, on: device) : nil
    }

    /// Memory of the host, from a page's start on, which lives as long.
    init(over bytes: UnsafeMutableRawBufferPointer, on device: VulkanDevice) throws(ComputeError) {
        byteCount = max(16, (bytes.count + 15) / 16 * 16)
        buffer = try Self.create(byteCount, imported: true, on: device)
        memory = try Self.importMemory(bytes, for: buffer.handle, on: device)
        mapping = Mapping(bytes: bytes)
    }

    private static func create(
        _ byteCount: Int, imported: Bool, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.Buffer> {
        guard byteCount <= device.limits.maxAllocationSize else {
            throw .outOfMemory(
                device: device.description.name, asked: byteCount, available: device.limits.maxAllocationSize)
        }
        var arena = Arena()
        var info = VkBufferCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
        info.size = VkDeviceSize(byteCount)
        info.usage = usage
        if imported {
            let external = arena.put(VkExternalMemoryBufferCreateInfo())
            external.pointee.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO
            external.pointee.handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT.rawValue
            info.pNext = UnsafeRawPointer(external)
        }
        return try device.own("vkCreateBuffer", \.destroyBuffer) {
            device.functions.createBuffer(device.handle.raw, &info, nil, &$0)
        }
    }

    private static func importMemory(
        _ bytes: UnsafeMutableRawBufferPointer, for buffer: Handle<Tag.Buffer>, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.Memory> {
        guard let getProperties = device.functions.getMemoryHostPointerProperties else {
            throw .unsupported(device: device.description.name, reason: "it does not work on memory of the host")
        }
        let kind = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT
        var properties = VkMemoryHostPointerPropertiesEXT()
        properties.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT
        let result = getProperties(device.handle.raw, kind, bytes.baseAddress, &properties)
        try device.check(result, "vkGetMemoryHostPointerPropertiesEXT")
        let types = properties.memoryTypeBits & needs(of: buffer, on: device).memoryTypeBits
        guard types != 0 else {
            throw .unsupported(device: device.description.name, reason: "no memory of the kind needed")
        }
        var arena = Arena()
        let source = arena.put(VkImportMemoryHostPointerInfoEXT())
        source.pointee.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT
        source.pointee.handleType = kind
        source.pointee.pHostPointer = bytes.baseAddress
        return try allocate(
            VkDeviceSize(HostMemory.pages(bytes.count)), type: types.trailingZeroBitCount, from: source, for: buffer,
            on: device)
    }

    private static func needs(of buffer: Handle<Tag.Buffer>, on device: VulkanDevice) -> VkMemoryRequirements {
        var needs = VkMemoryRequirements()
        device.functions.getBufferMemoryRequirements(device.handle.raw, buffer.raw, &needs)
        return needs
    }

    private static func allocate(
        _ byteCount: VkDeviceSize, type: Int, from source: UnsafePointer<VkImportMemoryHostPointerInfoEXT>? = nil,
        for buffer: Handle<Tag.Buffer>, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.Memory> {
        var info = VkMemoryAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
        info.pNext = UnsafeRawPointer(source)
        info.allocationSize = byteCount
        info.memoryTypeIndex = UInt32(type)
        let memory: Owned<Tag.Memory> = try device.own("vkAllocateMemory", \.freeMemory) {
            device.functions.allocateMemory(device.handle.raw, &info, nil, &$0)
        }
        let bound = device.functions.bindBufferMemory(device.handle.raw, buffer.raw, memory.raw, 0)
        try device.check(bound, "vkBindBufferMemory")
        return memory
    }

    private static func map(
        _ memory: Handle<Tag.Memory>, _ byteCount: Int, on device: VulkanDevice
    ) throws(ComputeError) -> Mapping {
        var pointer: UnsafeMutableRawPointer?
        let result = device.functions.mapMemory(
            device.handle.raw, memory.raw, 0, VkDeviceSize(byteCount), 0, &pointer)
        try device.check(result, "vkMapMemory")
        return Mapping(bytes: UnsafeMutableRawBufferPointer(start: pointer, count: byteCount))
    }
}
