import CVulkan
package import Compute

/// A device that compiles kernels and tells what its compiler made of them. It runs none, and needs no card: RADV, told
/// to take one for granted, offers devices without memory.
package final class CompilingDevice: Sendable {
    private let device: VulkanDevice

    package var description: DeviceDescription { device.description }
    package var limits: DeviceLimits { device.limits }

    /// The first device of `instance`. It stays open until the process ends: RADV's null hardware crashes when it is
    /// closed.
    ///
    /// - Throws: `ComputeError.unavailable` without a device, `unsupported` where its driver tells nothing of what it
    ///   compiles.
    package init(in instance: VulkanInstance) throws(ComputeError) {
        guard let physical = try instance.physicalDevices().first, let family = physical.queueFamily else {
            throw .unavailable(api: .vulkan, reason: "no driver offers a device that computes")
        }
        let name = physical.description.name
        let extensions = DeviceProbe.extensions(of: physical.handle, functions: instance.functions)
        guard extensions.contains(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME) else {
            throw .unsupported(device: name, reason: "its driver tells nothing of what it compiles")
        }
        let logical = try LogicalDevice(physical, family, .alone, in: instance, capturesStatistics: true)
        _ = Unmanaged.passRetained(logical)
        device = try VulkanDevice(
            physical, logical, queue: 0, family, limits: physical.limits, in: instance, cacheDirectory: nil)
    }

    /// Compiles a kernel as `Device.makeKernel` does, and asks the driver about it.
    /// - Throws: `ComputeError.compilation` with the compiler's log.
    package func statistics(of code: KernelCode) throws(ComputeError) -> [PipelineStatistic] {
        try VulkanKernel(code, module: try device.compile(code), on: device).statistics()
    }
}

/// One figure of `VK_KHR_pipeline_executable_properties`; names are the driver's own.
package struct PipelineStatistic: Sendable, Hashable {
    package var name: String
    package var value: Int

    package init(name: String, value: Int) {
        self.name = name
        self.value = value
    }
}

extension VulkanKernel {
    /// What the driver tells of the pipeline's one program.
    fileprivate func statistics() throws(ComputeError) -> [PipelineStatistic] {
        guard let call = device.functions.getPipelineExecutableStatistics else {
            throw .unavailable(api: .vulkan, reason: "vkGetPipelineExecutableStatisticsKHR is missing")
        }
        var info = VkPipelineExecutableInfoKHR()
        info.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR
        info.pipeline = pipeline.raw
        var count: UInt32 = 0
        try device.check(call(device.handle.raw, &info, &count, nil), "vkGetPipelineExecutableStatisticsKHR")
        var empty = VkPipelineExecutableStatisticKHR()
        empty.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR
        var found = [VkPipelineExecutableStatisticKHR](repeating: empty, count: Int(count))
        try device.check(call(device.handle.raw, &info, &count, &found), "vkGetPipelineExecutableStatisticsKHR")
        return found.prefix(Int(count)).map { PipelineStatistic(name: text($0.name), value: Self.value(of: $0)) }
    }

    private static func value(of statistic: VkPipelineExecutableStatisticKHR) -> Int {
        switch statistic.format {
        case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: Int(statistic.value.b32)
        case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: Int(statistic.value.i64)
        case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR: Int(exactly: statistic.value.f64.rounded()) ?? 0
        default: Int(clamping: statistic.value.u64)
        }
    }
}
