import CVulkan
import Compute

/// A stream of commands, and the queries that tell how long the device was at work on them.
final class VulkanLane: Lane {
    private let label: String
    private let device: VulkanDevice
    private let stream: CommandStream
    /// One, where queues have timestamps.
    private let queries: OwnedList<Tag.QueryPool>

    init(label: String, on device: VulkanDevice) throws(ComputeError) {
        self.label = label
        self.device = device
        stream = try CommandStream(on: device.logical, queue: device.queue)
        var queryInfo = VkQueryPoolCreateInfo()
        queryInfo.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO
        queryInfo.queryType = VK_QUERY_TYPE_TIMESTAMP
        queryInfo.queryCount = 2
        var queries = OwnedList<Tag.QueryPool>(release: device.logical.release(\.destroyQueryPool))
        if device.physical.timestampPeriod != nil {
            let pool: Handle<Tag.QueryPool> = try device.make("vkCreateQueryPool") {
                device.functions.createQueryPool(device.handle.raw, &queryInfo, nil, &$0)
            }
            queries.append(pool)
        }
        self.queries = queries
    }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let (vk, queries) = (device.functions, queries.handles.first)
        try stream.run { commands throws(ComputeError) in
            if let queries {
                vk.cmdResetQueryPool(commands.raw, queries.raw, 0, 2)
                vk.cmdWriteTimestamp(commands.raw, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, queries.raw, 0)
            }
            try record(VulkanCommands(commands, device: device))
            if let queries {
                vk.cmdWriteTimestamp(commands.raw, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries.raw, 1)
            }
        }
        return seconds()
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
