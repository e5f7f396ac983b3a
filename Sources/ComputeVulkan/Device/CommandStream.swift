import CVulkan
import Compute

/// One command buffer, used again and again, and the fence that tells when it is done.
final class CommandStream: Sendable {
    private let logical: LogicalDevice
    private let queue: DeviceQueue
    private let pool: Owned<Tag.CommandPool>
    /// The pool's.
    private let commands: Handle<Tag.CommandBuffer>
    private let fence: Owned<Tag.Fence>

    var functions: DeviceFunctions { logical.functions }

    init(on logical: LogicalDevice, queue: DeviceQueue) throws(ComputeError) {
        let vk = logical.functions
        self.logical = logical
        self.queue = queue
        var poolInfo = VkCommandPoolCreateInfo()
        poolInfo.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO
        poolInfo.queueFamilyIndex = UInt32(logical.family.index)
        pool = try logical.own("vkCreateCommandPool", \.destroyCommandPool) {
            vk.createCommandPool(logical.handle.raw, &poolInfo, nil, &$0)
        }

        var info = VkCommandBufferAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO
        info.commandPool = pool.raw
        info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY
        info.commandBufferCount = 1
        commands = try logical.make("vkAllocateCommandBuffers") {
            vk.allocateCommandBuffers(logical.handle.raw, &info, &$0)
        }

        var fenceInfo = VkFenceCreateInfo()
        fenceInfo.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO
        fence = try logical.own("vkCreateFence", \.destroyFence) {
            vk.createFence(logical.handle.raw, &fenceInfo, nil, &$0)
        }
    }

    /// Records with `record`, runs, waits. What was written is then seen by the host, and by whatever is run later.
    func run(_ record: (Handle<Tag.CommandBuffer>) throws(ComputeError) -> Void) throws(ComputeError) {
        let vk = functions
        try logical.check(vk.resetCommandPool(logical.handle.raw, pool.raw, 0), "vkResetCommandPool")
        var begin = VkCommandBufferBeginInfo()
        begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO
        begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT.rawValue
        try logical.check(vk.beginCommandBuffer(commands.raw, &begin), "vkBeginCommandBuffer")
        try record(commands)
        showWrites()
        try logical.check(vk.endCommandBuffer(commands.raw), "vkEndCommandBuffer")
        try logical.check(queue.submit(commands, fence: fence.handle, with: vk), "vkQueueSubmit")
        var raw: VkFence? = fence.raw
        try logical.check(vk.waitForFences(logical.handle.raw, 1, &raw, VkBool32(VK_TRUE), .max), "vkWaitForFences")
        try logical.check(vk.resetFences(logical.handle.raw, 1, &raw), "vkResetFences")
    }

    private func showWrites() {
        var barrier = VkMemoryBarrier()
        barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER
        barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT.rawValue | VK_ACCESS_TRANSFER_WRITE_BIT.rawValue
        barrier.dstAccessMask =
            VK_ACCESS_HOST_READ_BIT.rawValue | VK_ACCESS_SHADER_READ_BIT.rawValue
            | VK_ACCESS_SHADER_WRITE_BIT.rawValue | VK_ACCESS_TRANSFER_READ_BIT.rawValue
        let work = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT.rawValue | VK_PIPELINE_STAGE_TRANSFER_BIT.rawValue
        functions.cmdPipelineBarrier(
            commands.raw, work, work | VK_PIPELINE_STAGE_HOST_BIT.rawValue, 0, 1, &barrier, 0, nil, 0, nil)
    }
}
