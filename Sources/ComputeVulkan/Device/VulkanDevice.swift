import CVulkan
package import Compute

/// A Vulkan device, opened for compute.
package final class VulkanDevice: Device {
    package let description: DeviceDescription
    package let limits: DeviceLimits
    package var dialect: Dialect { .glsl }

    let instance: VulkanInstance
    let physical: PhysicalDevice
    let logical: LogicalDevice
    let queueFamily: QueueFamily
    let cacheDirectory: String?
    private let queue: DeviceQueue
    private let compiler: ShaderCompiler

    package var memoryDomain: ObjectIdentifier { ObjectIdentifier(logical) }
    var handle: Handle<Tag.Device> { logical.handle }
    var functions: DeviceFunctions { logical.functions }

    /// Opens the device that `selector` names, if it holds bytes and computes with them.
    ///
    /// - Parameters:
    ///   - limits: changes what the device is taken to be able to do, to test the fallbacks.
    ///   - cacheDirectory: where compiled kernels are kept between runs; `nil` keeps none.
    package convenience init(
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
        try DeviceTrial.run(on: self)
    }

    private convenience init(
        _ physical: PhysicalDevice, limits: DeviceLimits, in instance: VulkanInstance, cacheDirectory: String?
    ) throws(ComputeError) {
        let name = physical.description.name
        guard let family = physical.queueFamily else {
            throw .unsupported(device: name, reason: "it has no queue that computes")
        }
        if let fault = limits.fault { throw .unsupported(device: name, reason: fault) }
        // Such a device must not even be created: RADV's null hardware crashes when it is closed.
        guard physical.memory.largestHeap > 0 else {
            throw .unsupported(device: name, reason: "it has no memory, and can only compile")
        }
        let logical = try LogicalDevice(physical, family, .alone, in: instance)
        try self.init(
            physical, logical, queue: 0, family, limits: limits, in: instance, cacheDirectory: cacheDirectory)
    }

    init(
        _ physical: PhysicalDevice, _ logical: LogicalDevice, queue: Int, _ family: QueueFamily, limits: DeviceLimits,
        in instance: VulkanInstance, cacheDirectory: String?
    ) throws(ComputeError) {
        self.instance = instance
        self.physical = physical
        self.logical = logical
        self.limits = limits
        self.queue = logical.queues[queue]
        self.cacheDirectory = cacheDirectory
        description = physical.description
        queueFamily = family
        compiler = ShaderCompiler(device: physical.description.name, cacheDirectory: cacheDirectory)
    }

    package func makeBuffer(
        byteCount: Int, access: BufferAccess, label: String
    ) throws(ComputeError) -> any Buffer {
        try VulkanBuffer(byteCount: byteCount, access: access, label: label, on: self)
    }

    package func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        guard limits.importsHostMemory else {
            throw .unsupported(device: description.name, reason: "it does not work on memory of the host")
        }
        return try VulkanBuffer(over: memory, range, label: label, on: self)
    }

    package func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        guard code.dialect == dialect else {
            throw .argument(kernel: code.label, reason: "is \(code.dialect.rawValue), not \(dialect.rawValue)")
        }
        return try VulkanKernel(code, module: try compile(code), on: self)
    }

    /// The SPIR-V of a kernel.
    func compile(_ code: KernelCode) throws(ComputeError) -> [UInt32] { try compiler.compile(code) }

    package func makeLane(label: String) throws(ComputeError) -> any Lane {
        bounded(try VulkanLane(label: label, on: self))
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

    /// Hands commands to the device's queue.
    func submit(_ commands: Handle<Tag.CommandBuffer>, fence: Handle<Tag.Fence>) throws(ComputeError) {
        try check(queue.submit(commands, fence: fence, with: functions), "vkQueueSubmit")
    }

    // MARK: Calls

    func check(_ result: VkResult, _ call: String) throws(ComputeError) {
        switch result {
        case VK_SUCCESS: return
        case VK_ERROR_DEVICE_LOST: throw .deviceLost(device: description.name, call: call)
        default: throw .failed(device: description.name, call: call, code: Int(result.rawValue))
        }
    }

    /// What `create` makes.
    func make<Tag>(
        _ call: String, _ create: (inout OpaquePointer?) -> VkResult
    ) throws(ComputeError) -> Handle<Tag> {
        var raw: OpaquePointer?
        try check(create(&raw), call)
        guard let raw else { throw .failed(device: description.name, call: call, code: 0) }
        return Handle(raw: raw)
    }

    /// What `create` makes, to be given back by `destroy`.
    func own<Tag>(
        _ call: String, _ destroy: any KeyPath<DeviceFunctions, Destroy> & Sendable,
        _ create: (inout OpaquePointer?) -> VkResult
    ) throws(ComputeError) -> Owned<Tag> {
        Owned(try make(call, create), release: logical.release(destroy))
    }
}
