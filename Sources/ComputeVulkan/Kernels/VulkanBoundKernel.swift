import CVulkan
import Compute

/// A kernel's descriptor set, filled once; it keeps its buffers alive.
final class VulkanBoundKernel: BoundKernel {
    let pipeline: VulkanKernel
    /// The pool's.
    let set: Handle<Tag.DescriptorSet>
    private let pool: Owned<Tag.DescriptorPool>
    private let views: OwnedList<Tag.BufferView>
    private let buffers: [VulkanBuffer]

    var kernel: any Kernel { pipeline }

    init(_ kernel: VulkanKernel, _ buffers: [any Buffer]) throws(ComputeError) {
        let device = kernel.device
        guard buffers.count == kernel.code.bindings.count else {
            throw .argument(
                kernel: kernel.code.label, reason: "takes \(kernel.code.bindings.count) buffers, not \(buffers.count)")
        }
        let own = buffers.compactMap { $0 as? VulkanBuffer }.filter { $0.device.logical === device.logical }
        guard own.count == buffers.count else {
            throw .argument(kernel: kernel.code.label, reason: "was given a buffer of another device")
        }
        for (binding, buffer) in zip(kernel.code.bindings, own) where binding.windows < buffer.slabs.count {
            throw .argument(
                kernel: kernel.code.label,
                reason: "sees \(binding.windows) windows of \(buffer.label), which stands in \(buffer.slabs.count)")
        }
        pipeline = kernel
        self.buffers = own
        pool = try Self.makePool(kernel.code, on: device)
        set = try Self.allocate(from: pool.handle, kernel)
        var views = OwnedList<Tag.BufferView>(release: device.logical.release(\.destroyBufferView))
        for (binding, buffer) in zip(kernel.code.bindings, own) where binding.isTexel {
            views.append(try Self.makeView(of: buffer, binding, on: device))
        }
        self.views = views
        fill()
    }

    private static func makePool(
        _ code: KernelCode, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.DescriptorPool> {
        var arena = Arena()
        let texels = code.bindings.filter(\.isTexel).count
        let storage = code.bindings.filter { !$0.isTexel }.reduce(0) { $0 + $1.windows }
        var sizes: [VkDescriptorPoolSize] = []
        if texels > 0 {
            sizes.append(.init(type: VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, descriptorCount: UInt32(texels)))
        }
        if storage > 0 {
            sizes.append(.init(type: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, descriptorCount: UInt32(storage)))
        }
        var info = VkDescriptorPoolCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO
        info.maxSets = 1
        info.poolSizeCount = UInt32(sizes.count)
        info.pPoolSizes = arena.array(sizes)
        return try device.own("vkCreateDescriptorPool", \.destroyDescriptorPool) {
            device.functions.createDescriptorPool(device.handle.raw, &info, nil, &$0)
        }
    }

    private static func allocate(
        from pool: Handle<Tag.DescriptorPool>, _ kernel: VulkanKernel
    ) throws(ComputeError) -> Handle<Tag.DescriptorSet> {
        let device = kernel.device
        var arena = Arena()
        var info = VkDescriptorSetAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO
        info.descriptorPool = pool.raw
        info.descriptorSetCount = 1
        info.pSetLayouts = arena.array([Optional(kernel.setLayout.raw)])
        return try device.make("vkAllocateDescriptorSets") {
            device.functions.allocateDescriptorSets(device.handle.raw, &info, &$0)
        }
    }

    private static func makeView(
        of buffer: VulkanBuffer, _ binding: KernelBinding, on device: VulkanDevice
    ) throws(ComputeError) -> Handle<Tag.BufferView> {
        var info = VkBufferViewCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO
        info.buffer = buffer.slabs[0].handle.raw
        info.format = binding.element == .float ? VK_FORMAT_R32G32B32A32_SFLOAT : VK_FORMAT_R32G32B32A32_UINT
        info.range = VK_WHOLE_SIZE
        return try device.make("vkCreateBufferView") {
            device.functions.createBufferView(device.handle.raw, &info, nil, &$0)
        }
    }

    private func fill() {
        var arena = Arena()
        var writes: [VkWriteDescriptorSet] = []
        var view = views.handles.makeIterator()
        for (binding, buffer) in zip(pipeline.code.bindings, buffers) {
            let window = binding.windows == 1 ? buffer.byteCount : pipeline.device.limits.windowBytes
            for index in 0..<binding.windows {
                var write = VkWriteDescriptorSet()
                write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET
                write.dstSet = set.raw
                write.dstBinding = UInt32(writes.count)
                write.descriptorCount = 1
                write.descriptorType = binding.descriptorType
                if binding.isTexel {
                    write.pTexelBufferView = arena.array([view.next()?.raw])
                } else {
                    let last = index == binding.windows - 1
                    let (slab, offset) = buffer.place(of: index * window)
                    let info = VkDescriptorBufferInfo(
                        buffer: slab.handle.raw, offset: VkDeviceSize(offset),
                        range: last ? VK_WHOLE_SIZE : VkDeviceSize(window))
                    write.pBufferInfo = UnsafePointer(arena.put(info))
                }
                writes.append(write)
            }
        }
        let device = pipeline.device
        device.functions.updateDescriptorSets(device.handle.raw, UInt32(writes.count), writes, 0, nil)
    }
}
