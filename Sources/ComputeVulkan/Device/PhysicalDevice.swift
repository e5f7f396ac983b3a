import CVulkan
import Compute

/// A device as the driver describes it, before it is opened.
struct PhysicalDevice: Sendable {
    let handle: Handle<Tag.PhysicalDevice>
    let description: DeviceDescription
    let limits: DeviceLimits
    let properties: VkPhysicalDeviceProperties
    let memory: MemoryTypes
    private let hasMemoryBudget: Bool
    let uuid: [UInt8]
    /// Nanoseconds of one timestamp tick, where compute queues have timestamps.
    let timestampPeriod: Double?
    /// The queue family that computes.
    let queueFamily: QueueFamily?
    /// The subgroup size that pipelines must ask for, where the driver would otherwise choose one.
    let requiredSubgroupSize: Int?

    init(_ handle: Handle<Tag.PhysicalDevice>, index: Int, functions: InstanceFunctions) {
        self.handle = handle
        let probe = DeviceProbe(handle, functions: functions)
        properties = probe.properties
        memory = probe.memory
        uuid = probe.uuid
        queueFamily = probe.computeFamily
        timestampPeriod =
            (probe.computeFamily?.timestampBits ?? 0) > 0 ? Double(probe.properties.limits.timestampPeriod) : nil
        hasMemoryBudget = probe.hasMemoryBudget
        description = DeviceDescription(
            api: .vulkan, index: index, name: text(probe.properties.deviceName), kind: probe.kind, driver: probe.driver,
            memoryByteCount: probe.memory.largestHeap)
        let subgroup = probe.subgroup()
        requiredSubgroupSize = subgroup.required
        limits = Self.limits(probe.properties.limits, probe: probe, subgroupSize: subgroup.size)
    }

    /// What the driver says is left of the heap of the device's own memory; `nil` where it does not say.
    func budget(functions: InstanceFunctions) -> Int? {
        guard hasMemoryBudget, let heap = memory.choice(for: .device)?.heap else { return nil }
        var arena = Arena()
        let budget = arena.put(VkPhysicalDeviceMemoryBudgetPropertiesEXT())
        budget.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT
        var properties = VkPhysicalDeviceMemoryProperties2()
        properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
        properties.pNext = UnsafeMutableRawPointer(budget)
        functions.getPhysicalDeviceMemoryProperties2(handle.raw, &properties)
        let most = elements(budget.pointee.heapBudget, of: VkDeviceSize.self)[heap]
        let used = elements(budget.pointee.heapUsage, of: VkDeviceSize.self)[heap]
        return Int(clamping: most) - min(Int(clamping: most), Int(clamping: used))
    }

    private static func limits(
        _ reported: VkPhysicalDeviceLimits, probe: DeviceProbe, subgroupSize: Int
    ) -> DeviceLimits {
        // CPU drivers run a subgroup per core: larger groups gain nothing. They crash on buffers beyond 2 GiB.
        let isCPU = probe.kind == .cpu
        let groupSize = min(
            subgroupSize > 1 ? subgroupSize : isCPU ? 8 : 32, Int(reported.maxComputeWorkGroupInvocations))
        return DeviceLimits(
            maxBindingSize: Int(reported.maxStorageBufferRange),
            maxAllocationSize: isCPU ? min(probe.maxAllocationSize, 2 << 30) : probe.maxAllocationSize,
            maxTexelElements: isCPU ? Int(reported.maxTexelBufferElements) : 0,
            maxBindings: min(
                Int(reported.maxPerStageDescriptorStorageBuffers), Int(reported.maxPerStageResources)),
            maxGroupSize: Int(reported.maxComputeWorkGroupInvocations),
            maxGroupCount: Int(reported.maxComputeWorkGroupCount.0),
            maxParameterBytes: Int(reported.maxPushConstantsSize), subgroupSize: subgroupSize, groupSize: groupSize,
            vectorWidth: 4, sharedMemoryBytes: isCPU ? 0 : Int(reported.maxComputeSharedMemorySize),
            // Matrix units are faster yet, and exacter.
            prefersIntegerProducts: !isCPU && probe.hasFastDotProducts && probe.matrix == nil,
            hasDotProducts: probe.hasDotProducts, matrix: probe.matrix,
            computeUnits: Lavapipe.isDevice(probe.properties) ? Lavapipe.workers : 1,
            importsHostMemory: isCPU && probe.importsHostMemory)
    }
}

extension DeviceDescription.Kind {
    init(_ type: VkPhysicalDeviceType) {
        switch type {
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: self = .discrete
        case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: self = .integrated
        case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: self = .virtual
        case VK_PHYSICAL_DEVICE_TYPE_CPU: self = .cpu
        default: self = .other
        }
    }
}
