import CVulkan
import Compute
import Synchronization

/// Vulkan's functions that destroy what a device made are of one type, as Swift imports all handles as one.
typealias Destroy = @convention(c) (VkDevice?, OpaquePointer?, UnsafePointer<VkAllocationCallbacks>?) -> Void

/// A device as opened: what the lanes on it have in common.
final class LogicalDevice: Sendable {
    let functions: DeviceFunctions
    /// That of the queues.
    let family: QueueFamily
    let queues: [DeviceQueue]
    /// Whether the driver keeps what it can tell of each pipeline.
    let capturesStatistics: Bool
    private let name: String
    private let device: Owned<Tag.Device>

    var handle: Handle<Tag.Device> { device.handle }

    init(
        _ physical: PhysicalDevice, _ family: QueueFamily, _ plan: QueuePlan, in instance: VulkanInstance,
        capturesStatistics: Bool = false
    ) throws(ComputeError) {
        let name = physical.description.name
        var arena = Arena()
        let queueInfo = arena.put(VkDeviceQueueCreateInfo())
        queueInfo.pointee.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO
        queueInfo.pointee.queueFamilyIndex = UInt32(family.index)
        queueInfo.pointee.queueCount = UInt32(plan.priorities.count)
        queueInfo.pointee.pQueuePriorities = arena.array(plan.priorities)
        var info = VkDeviceCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO
        info.queueCreateInfoCount = 1
        info.pQueueCreateInfos = UnsafePointer(queueInfo)
        var extensions: [String] = []
        if physical.requiredSubgroupSize != nil {
            let sizes = arena.put(VkPhysicalDeviceSubgroupSizeControlFeatures())
            sizes.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES
            sizes.pointee.subgroupSizeControl = VkBool32(VK_TRUE)
            sizes.pointee.computeFullSubgroups = VkBool32(VK_TRUE)
            info.pNext = UnsafeRawPointer(sizes)
            extensions.append(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)
        }
        if physical.limits.hasDotProducts {
            let dots = arena.put(VkPhysicalDeviceShaderIntegerDotProductFeatures())
            dots.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES
            dots.pointee.shaderIntegerDotProduct = VkBool32(VK_TRUE)
            dots.pointee.pNext = UnsafeMutableRawPointer(mutating: info.pNext)
            info.pNext = UnsafeRawPointer(dots)
            extensions.append(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)
        }
        if physical.limits.matrix != nil {
            let features = MatrixUnits.Features(in: &arena, enabled: VkBool32(VK_TRUE), before: info.pNext)
            info.pNext = UnsafeRawPointer(features.matrices)
            extensions += MatrixUnits.extensions
        }
        if capturesStatistics {
            let statistics = arena.put(VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR())
            statistics.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR
            statistics.pointee.pipelineExecutableInfo = VkBool32(VK_TRUE)
            statistics.pointee.pNext = UnsafeMutableRawPointer(mutating: info.pNext)
            info.pNext = UnsafeRawPointer(statistics)
            extensions.append(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME)
        }
        if physical.limits.importsHostMemory { extensions.append(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME) }
        info.enabledExtensionCount = UInt32(extensions.count)
        info.ppEnabledExtensionNames = arena.strings(extensions)
        var raw: VkDevice?
        let result = instance.functions.createDevice(physical.handle.raw, &info, nil, &raw)
        guard result == VK_SUCCESS, let raw else {
            throw .failed(device: name, call: "vkCreateDevice", code: Int(result.rawValue))
        }
        let functions = try DeviceFunctions(raw, instance: instance.functions)
        self.capturesStatistics = capturesStatistics
        self.functions = functions
        self.family = family
        self.name = name
        device = Owned(Handle(raw: raw)) { device in
            withExtendedLifetime(instance) {
                _ = functions.deviceWaitIdle(device.raw)
                functions.destroyDevice(device.raw, nil)
            }
        }
        var queues: [DeviceQueue] = []
        for index in plan.priorities.indices {
            var queue: VkQueue?
            functions.getDeviceQueue(raw, UInt32(family.index), UInt32(index), &queue)
            guard let queue else { throw .failed(device: name, call: "vkGetDeviceQueue", code: index) }
            queues.append(DeviceQueue(Handle(raw: queue)))
        }
        self.queues = queues
    }

    /// What gives back a thing of the device, which lives until then.
    func release<Tag>(_ destroy: any KeyPath<DeviceFunctions, Destroy> & Sendable) -> @Sendable (Handle<Tag>) -> Void {
        { [self] in functions[keyPath: destroy](handle.raw, $0.raw, nil) }
    }

    func check(_ result: VkResult, _ call: String) throws(ComputeError) {
        switch result {
        case VK_SUCCESS: return
        case VK_ERROR_DEVICE_LOST: throw .deviceLost(device: name, call: call)
        default: throw .failed(device: name, call: call, code: Int(result.rawValue))
        }
    }

    /// What `create` makes.
    func make<Tag>(
        _ call: String, _ create: (inout OpaquePointer?) -> VkResult
    ) throws(ComputeError) -> Handle<Tag> {
        var raw: OpaquePointer?
        try check(create(&raw), call)
        guard let raw else { throw .failed(device: name, call: call, code: 0) }
        return Handle(raw: raw)
    }

    /// What `create` makes, to be given back by `destroy`.
    func own<Tag>(
        _ call: String, _ destroy: any KeyPath<DeviceFunctions, Destroy> & Sendable,
        _ create: (inout OpaquePointer?) -> VkResult
    ) throws(ComputeError) -> Owned<Tag> {
        Owned(try make(call, create), release: release(destroy))
    }
}

/// A queue, which one thread at a time may touch.
final class DeviceQueue: Sendable {
    private let handle: Mutex<Handle<Tag.Queue>>

    init(_ handle: Handle<Tag.Queue>) { self.handle = Mutex(handle) }

    func submit(
        _ commands: Handle<Tag.CommandBuffer>, fence: Handle<Tag.Fence>, with functions: DeviceFunctions
    ) -> VkResult {
        handle.withLock { queue in
            var arena = Arena()
            var info = VkSubmitInfo()
            info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO
            info.commandBufferCount = 1
            info.pCommandBuffers = arena.array([Optional(commands.raw)])
            return functions.queueSubmit(queue.raw, 1, &info, fence.raw)
        }
    }
}
