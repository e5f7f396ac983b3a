import COpenCL
package import Compute

/// An OpenCL device that shares the host's memory, opened for compute.
package final class OpenCLDevice: Device {
    package let description: DeviceDescription
    package let limits: DeviceLimits
    package var dialect: Dialect { .openCL }
    package var compilesInParallel: Bool { platformDevice.compilesInParallel }

    let platforms: OpenCLPlatforms
    let platformDevice: PlatformDevice
    /// What each dispatch is shared out among: the device itself, or devices of one core.
    let members: [PlatformDevice]
    let context: OpenCLContext
    let cacheDirectory: String?
    /// The sub-device that this is, where it is one.
    private let subDevice: SubDevice?
    /// One for each member.
    let compilers: [ProgramCompiler]

    package var memoryDomain: ObjectIdentifier { ObjectIdentifier(context) }
    var functions: OpenCLFunctions { context.functions }
    var handle: Handle<Tag.Device> { platformDevice.handle }

    /// Opens the device that `selector` names.
    ///
    /// - Parameters:
    ///   - limits: changes what the device is taken to be able to do, to test the fallbacks.
    ///   - cacheDirectory: where compiled kernels are kept between runs; `nil` keeps none.
    package convenience init(
        _ selector: DeviceSelector, in platforms: OpenCLPlatforms, cacheDirectory: String?,
        limits adjust: (inout DeviceLimits) -> Void = { _ in }
    ) throws(ComputeError) {
        let candidates = try platforms.platformDevices()
        let chosen = try selector.choose(from: candidates.map(\.description))
        guard let device = candidates.first(where: { $0.description.index == chosen.index }) else {
            throw .noSuchDevice(selector.description, available: candidates.map(\.description.name))
        }
        if let fault = device.fault { throw .unsupported(device: chosen.name, reason: fault) }
        var limits = device.limits
        adjust(&limits)
        if let fault = limits.fault { throw .unsupported(device: chosen.name, reason: fault) }
        let members = platforms.team(for: device)
        let context = try OpenCLContext(
            [device.handle] + members.map(\.handle), name: chosen.name, functions: platforms.functions)
        self.init(device, members, limits: limits, in: context, of: platforms, cacheDirectory: cacheDirectory)
    }

    init(
        _ device: PlatformDevice, _ members: [PlatformDevice], subDevice: SubDevice? = nil, limits: DeviceLimits,
        in context: OpenCLContext, of platforms: OpenCLPlatforms, cacheDirectory: String?
    ) {
        self.platforms = platforms
        self.context = context
        self.limits = limits
        self.subDevice = subDevice
        self.cacheDirectory = cacheDirectory
        platformDevice = device
        description = device.description
        self.members = members
        compilers = members.map { ProgramCompiler(device: $0, context: context, cacheDirectory: cacheDirectory) }
    }

    package func makeBuffer(
        byteCount: Int, access: BufferAccess, label: String
    ) throws(ComputeError) -> any Buffer {
        try OpenCLBuffer(byteCount: byteCount, access: access, label: label, in: context, limits: limits)
    }

    package func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        guard limits.importsHostMemory else {
            throw .unsupported(device: description.name, reason: "it does not work on memory of the host")
        }
        return try OpenCLBuffer(over: memory, range, label: label, in: context, limits: limits)
    }

    package func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        guard code.dialect == dialect else {
            throw .argument(kernel: code.label, reason: "is \(code.dialect.rawValue), not \(dialect.rawValue)")
        }
        return try OpenCLKernel(code, on: self)
    }

    package func makeLane(label: String) throws(ComputeError) -> any Lane {
        if members.count > 1 || members[0].compilesForCaller { return bounded(try TeamLane(label: label, on: self)) }
        return bounded(try OpenCLLane(label: label, on: self))
    }

    func check(_ code: cl_int, _ call: String) throws(ComputeError) { try context.check(code, call) }
}
