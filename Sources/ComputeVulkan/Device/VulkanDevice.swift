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
    let queue: DeviceQueue
    let transfers: Transfers
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
        try self.init(physical, limits: limits.consistent, in: instance, cacheDirectory: cacheDirectory)
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
        transfers = Transfers(on: logical, queue: self.queue)
        self.cacheDirectory = cacheDirectory
        description = physical.description
        queueFamily = family
        compiler = ShaderCompiler(device: physical.description.name, cacheDirectory: cacheDirectory)
    }

    package var availableBytes: Int { description.kind == .cpu ? assumedBytes : budget ?? assumedBytes }

    /// What is left of the memory that weights go to, where the driver tells (`VK_EXT_memory_budget`). Of CPU drivers
    /// it means little: they make up the size of their heap.
    package var budget: Int? { physical.budget(functions: instance.functions) }

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

    // MARK: Calls

    func check(_ result: VkResult, _ call: String) throws(ComputeError) { try logical.check(result, call) }

    func make<Tag>(
        _ call: String, _ create: (inout OpaquePointer?) -> VkResult
    ) throws(ComputeError) -> Handle<Tag> {
        try logical.make(call, create)
    }

    func own<Tag>(
        _ call: String, _ destroy: any KeyPath<DeviceFunctions, Destroy> & Sendable,
        _ create: (inout OpaquePointer?) -> VkResult
    ) throws(ComputeError) -> Owned<Tag> {
        try logical.own(call, destroy, create)
    }
}

extension DeviceLimits {
    /// The limits with no binding and no texel view beyond one allocation: what a kernel sees through one is one.
    fileprivate var consistent: DeviceLimits {
        var limits = self
        limits.maxBindingSize = min(maxBindingSize, maxAllocationSize) / 16 * 16
        limits.maxTexelElements = min(maxTexelElements, maxAllocationSize / 16)
        return limits
    }
}
