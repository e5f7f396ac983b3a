import CVulkan
import Compute
import Glibc

/// Memory of one Vulkan device, freed when its last holder lets go.
final class VulkanBuffer: Buffer {
    let byteCount: Int
    let label: String
    private let buffer: Owned<Tag.Buffer>
    private let memory: Owned<Tag.Memory>
    private let mapped: Mapped?
    private let access: BufferAccess
    /// Kept alive where the buffer is a part of it.
    private let imported: HostMemory?
    let device: VulkanDevice

    var handle: Handle<Tag.Buffer> { buffer.handle }

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
        buffer = try Self.create(size: size, byteCount: byteCount, imported: false, on: device)
        let needs = Self.needs(of: buffer.handle, on: device)
        guard let type = device.physical.memory.type(for: access, mask: needs.memoryTypeBits) else {
            throw .unsupported(device: device.description.name, reason: "no memory of the kind needed")
        }
        do throws(ComputeError) {
            memory = try Self.allocate(needs.size, type: type.index, for: buffer.handle, on: device)
        } catch {
            throw .outOfMemory(device: device.description.name, asked: Int(needs.size), available: type.heap)
        }
        let isVisible = type.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT.rawValue != 0
        mapped = isVisible ? try Self.map(memory.handle, size: size, on: device) : nil
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
        buffer = try Self.create(size: size, byteCount: range.count, imported: true, on: device)
        let bytes = UnsafeMutableRawBufferPointer(rebasing: host.bytes[range])
        memory = try Self.importMemory(bytes, for: buffer.handle, on: device)
        mapped = Mapped(bytes: bytes)
        imported = host
        byteCount = range.count
        access = .host
        self.label = label
        self.device = device
    }

    private static func create(
        size: Int, byteCount: Int, imported: Bool, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.Buffer> {
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
        _ memory: Handle<Tag.Memory>, size: Int, on device: VulkanDevice
    ) throws(ComputeError) -> Mapped {
        var pointer: UnsafeMutableRawPointer?
        let result = device.functions.mapMemory(device.handle.raw, memory.raw, 0, VkDeviceSize(size), 0, &pointer)
        try device.check(result, "vkMapMemory")
        return Mapped(bytes: UnsafeMutableRawBufferPointer(start: pointer, count: size))
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
