import CVulkan
import Compute

/// One command buffer, used again and again, and the fence that tells when it is done.
final class VulkanLane: Lane {
    private let label: String
    private let device: VulkanDevice
    private let pool: Owned<Tag.CommandPool>
    /// The pool's.
    private let commands: Handle<Tag.CommandBuffer>
    private let fence: Owned<Tag.Fence>
    /// One, where queues have timestamps.
    private let queries: OwnedList<Tag.QueryPool>

    init(label: String, on device: VulkanDevice) throws(ComputeError) {
        let vk = device.functions
        self.label = label
        self.device = device
        var poolInfo = VkCommandPoolCreateInfo()
        poolInfo.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO
        poolInfo.queueFamilyIndex = UInt32(device.queueFamily.index)
        pool = try device.own("vkCreateCommandPool", \.destroyCommandPool) {
            vk.createCommandPool(device.handle.raw, &poolInfo, nil, &$0)
        }

        var info = VkCommandBufferAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO
        info.commandPool = pool.raw
        info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY
        info.commandBufferCount = 1
        commands = try device.make("vkAllocateCommandBuffers") {
            vk.allocateCommandBuffers(device.handle.raw, &info, &$0)
        }

        var fenceInfo = VkFenceCreateInfo()
        fenceInfo.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO
        fence = try device.own("vkCreateFence", \.destroyFence) {
            vk.createFence(device.handle.raw, &fenceInfo, nil, &$0)
        }

        var queryInfo = VkQueryPoolCreateInfo()
        queryInfo.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO
        queryInfo.queryType = VK_QUERY_TYPE_TIMESTAMP
        queryInfo.queryCount = 2
        var queries = OwnedList<Tag.QueryPool>(release: device.logical.release(\.destroyQueryPool))
        if device.physical.timestampPeriod != nil {
            let pool: Handle<Tag.QueryPool> = try device.make("vkCreateQueryPool") {
                vk.createQueryPool(device.handle.raw, &queryInfo, nil, &$0)
            }
            queries.append(pool)
        }
        self.queries = queries
    }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        try submit { commands throws(ComputeError) in
            let recorder = VulkanCommands(commands, device: device)
            try record(recorder)
        }
        return seconds()
    }

    /// Records with `record`, runs, waits.
    func submit(_ record: (Handle<Tag.CommandBuffer>) throws(ComputeError) -> Void) throws(ComputeError) {
        let (vk, queries) = (device.functions, queries.handles.first)
        try device.check(vk.resetCommandPool(device.handle.raw, pool.raw, 0), "vkResetCommandPool")
        var begin = VkCommandBufferBeginInfo()
        begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO
        begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT.rawValue
        try device.check(vk.beginCommandBuffer(commands.raw, &begin), "vkBeginCommandBuffer")
        if let queries {
            vk.cmdResetQueryPool(commands.raw, queries.raw, 0, 2)
            vk.cmdWriteTimestamp(commands.raw, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, queries.raw, 0)
        }
        try record(commands)
        showToHost()
        if let queries {
            vk.cmdWriteTimestamp(commands.raw, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries.raw, 1)
        }
        try device.check(vk.endCommandBuffer(commands.raw), "vkEndCommandBuffer")
        try device.submit(commands, fence: fence.handle)
        var raw: VkFence? = fence.raw
        try device.check(vk.waitForFences(device.handle.raw, 1, &raw, VkBool32(VK_TRUE), .max), "vkWaitForFences")
        try device.check(vk.resetFences(device.handle.raw, 1, &raw), "vkResetFences")
    }

    private func showToHost() {
        var barrier = VkMemoryBarrier()
        barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER
        barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT.rawValue | VK_ACCESS_TRANSFER_WRITE_BIT.rawValue
        barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT.rawValue
        device.functions.cmdPipelineBarrier(
            commands.raw,
            VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT.rawValue | VK_PIPELINE_STAGE_TRANSFER_BIT.rawValue,
            VK_PIPELINE_STAGE_HOST_BIT.rawValue, 0, 1, &barrier, 0, nil, 0, nil)
    }

    /// How long the commands last run took on the device.
    private func seconds() -> Double? {
        guard let queries = queries.handles.first, let period = device.physical.timestampPeriod else { return nil }
        var ticks: (UInt64, UInt64) = (0, 0)
        let result = device.functions.getQueryPoolResults(
            device.handle.raw, queries.raw, 0, 2, 16, &ticks, 8, VK_QUERY_RESULT_64_BIT.rawValue)
        return result == VK_SUCCESS ? Double(ticks.1 &- ticks.0) * period * 1e-9 : nil
    }
}
