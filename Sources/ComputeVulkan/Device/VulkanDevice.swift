import CVulkan
public import Compute
import Synchronization

/// A Vulkan device, opened for compute.
public final class VulkanDevice: Device {
    public let description: DeviceDescription
    public let limits: DeviceLimits
    public var dialect: Dialect { .glsl }

    let instance: VulkanInstance
    let physical: PhysicalDevice
    let handle: Handle<Tag.Device>
    let functions: DeviceFunctions
    let queueFamily: Int
    private let queue: Mutex<Handle<Tag.Queue>>
    private let compiler: ShaderCompiler

    /// Opens the device that `selector` names.
    ///
    /// - Parameters:
    ///   - limits: changes what the device is taken to be able to do, to test the fallbacks.
    ///   - cacheDirectory: where compiled kernels are kept between runs; `nil` keeps none.
    public convenience init(
        _ selector: DeviceSelector, in instance: VulkanInstance, cacheDirectory: String?,
        limits adjust: (inout DeviceLimits) -> Void = { _ in }
    ) throws(ComputeError) {
        let candidates = try instance.physicalDevices()
        let chosen = try selector.choose(from: candidates.map(\.description))
        guard let physical = candidates.first(where: { $0.description.index == chosen.index }) else {
            throw .noSuchDevice(selector.description, available: candidates.map(\.description.name))
        }
        var limits = physical.limits
        adjust(&limits)
        try self.init(physical, limits: limits, in: instance, cacheDirectory: cacheDirectory)
    }

    private init(
        _ physical: PhysicalDevice, limits: DeviceLimits, in instance: VulkanInstance, cacheDirectory: String?
    ) throws(ComputeError) {
        let name = physical.description.name
        guard let family = physical.queueFamily else {
            throw .unsupported(device: name, reason: "it has no queue that computes")
        }
        guard limits.maxBindings >= 6, limits.maxParameterBytes >= 4 * (Parameters.capacity + 2) else {
            throw .unsupported(
                device: name, reason: "it has fewer than 6 buffer bindings or 128 bytes of push constants")
        }
        self.instance = instance
        self.physical = physical
        self.limits = limits
        description = physical.description
        queueFamily = family
        compiler = try ShaderCompiler(device: name, cacheDirectory: cacheDirectory)

        var arena = Arena()
        let priority = arena.put(Float(1))
        let queueInfo = arena.put(VkDeviceQueueCreateInfo())
        queueInfo.pointee.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO
        queueInfo.pointee.queueFamilyIndex = UInt32(family)
        queueInfo.pointee.queueCount = 1
        queueInfo.pointee.pQueuePriorities = UnsafePointer(priority)
        var info = VkDeviceCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO
        info.queueCreateInfoCount = 1
        info.pQueueCreateInfos = UnsafePointer(queueInfo)
        if physical.requiredSubgroupSize != nil {
            let sizes = arena.put(VkPhysicalDeviceSubgroupSizeControlFeatures())
            sizes.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES
            sizes.pointee.subgroupSizeControl = VkBool32(VK_TRUE)
            sizes.pointee.computeFullSubgroups = VkBool32(VK_TRUE)
            info.pNext = UnsafeRawPointer(sizes)
            info.enabledExtensionCount = 1
            info.ppEnabledExtensionNames = arena.strings([VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME])
        }
        var device: VkDevice?
        let result = instance.functions.createDevice(physical.handle.raw, &info, nil, &device)
        guard result == VK_SUCCESS, let device else {
            throw .failed(device: name, call: "vkCreateDevice", code: Int(result.rawValue))
        }
        handle = Handle(raw: device)
        functions = try DeviceFunctions(device, instance: instance.functions)
        var rawQueue: VkQueue?
        functions.getDeviceQueue(device, UInt32(family), 0, &rawQueue)
        guard let rawQueue else { throw .failed(device: name, call: "vkGetDeviceQueue", code: 0) }
        queue = Mutex(Handle(raw: rawQueue))
    }

    deinit {
        _ = functions.deviceWaitIdle(handle.raw)
        functions.destroyDevice(handle.raw, nil)
    }

    public func makeBuffer(
        byteCount: Int, access: BufferAccess, label: String
    ) throws(ComputeError) -> any Buffer {
        try VulkanBuffer(byteCount: byteCount, access: access, label: label, on: self)
    }

    public func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        guard code.dialect == dialect else {
            throw .argument(kernel: code.label, reason: "is \(code.dialect.rawValue), not \(dialect.rawValue)")
        }
        return try VulkanKernel(code, module: try compiler.compile(code), on: self)
    }

    public func makeLane(label: String) throws(ComputeError) -> any Lane {
        try VulkanLane(label: label, on: self)
    }

    /// Copies bytes between buffers, and returns when they are there.
    func copy(
        from source: VulkanBuffer, at sourceOffset: Int, to target: VulkanBuffer, at targetOffset: Int, byteCount: Int
    ) throws(ComputeError) {
        let lane = try VulkanLane(label: "copy", on: self)
        try lane.submit { commands in
            var region = VkBufferCopy(
                srcOffset: VkDeviceSize(sourceOffset), dstOffset: VkDeviceSize(targetOffset),
                size: VkDeviceSize(byteCount))
            functions.cmdCopyBuffer(commands.raw, source.handle.raw, target.handle.raw, 1, &region)
        }
    }

    /// Hands commands to the queue, which one thread at a time may touch.
    func submit(_ commands: Handle<Tag.CommandBuffer>, fence: Handle<Tag.Fence>) throws(ComputeError) {
        let result = queue.withLock { queue in
            var arena = Arena()
            var info = VkSubmitInfo()
            info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO
            info.commandBufferCount = 1
            info.pCommandBuffers = arena.array([Optional(commands.raw)])
            return functions.queueSubmit(queue.raw, 1, &info, fence.raw)
        }
        try check(result, "vkQueueSubmit")
    }

    // MARK: Errors

    func check(_ result: VkResult, _ call: String) throws(ComputeError) {
        switch result {
        case VK_SUCCESS: return
        case VK_ERROR_DEVICE_LOST: throw .deviceLost(device: description.name, call: call)
        default: throw .failed(device: description.name, call: call, code: Int(result.rawValue))
        }
    }

    func handle<Tag>(_ raw: OpaquePointer?, _ call: String) throws(ComputeError) -> Handle<Tag> {
        guard let raw else { throw .failed(device: description.name, call: call, code: 0) }
        return Handle(raw: raw)
    }
}
