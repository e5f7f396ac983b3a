import CCUDA
package import Compute

/// An NVIDIA device, opened for compute.
package final class CUDADevice: Device {
    package let description: DeviceDescription
    package let limits: DeviceLimits
    package let facts: DeviceFacts
    package var dialect: Dialect { .cuda }

    let physical: PhysicalDevice
    let context: CUDAContext
    let transfers: Transfers
    /// The part of the device that its lanes have.
    let share: Share
    private let compiler: CUDACompiler

    /// What lanes have of a device.
    enum Share: Sendable {
        case whole
        /// Multiprocessors of their own.
        case multiprocessors(ResourceDescription)
        /// All of it, before or after others: less is sooner.
        case priority(CInt)
    }

    package var memoryDomain: ObjectIdentifier { ObjectIdentifier(context) }
    var functions: CUDAFunctions { context.functions }

    /// Opens the device that `selector` names. After an error that ended all on it, this is where it begins anew.
    ///
    /// - Parameters:
    ///   - limits: changes what the device is taken to be able to do, to test the fallbacks.
    ///   - cacheDirectory: where compiled kernels are kept between runs; `nil` keeps none.
    package convenience init(
        _ selector: DeviceSelector, in platform: CUDAPlatform, cacheDirectory: String?,
        limits adjust: (inout DeviceLimits) -> Void = { _ in }
    ) throws(ComputeError) {
        let candidates = try platform.physicalDevices()
        let chosen = try selector.choose(from: candidates.map(\.description))
        guard let physical = candidates.first(where: { $0.description.index == chosen.index }) else {
            throw .noSuchDevice(selector.description, available: candidates.map(\.description.name))
        }
        if let fault = physical.fault { throw .unsupported(device: chosen.name, reason: fault) }
        var limits = physical.limits
        adjust(&limits)
        if let fault = limits.fault { throw .unsupported(device: chosen.name, reason: fault) }
        let context = try CUDAContext(physical.handle, name: chosen.name, functions: platform.functions)
        let compiler = try CUDACompiler(for: physical, with: platform.openCompiler(), cacheDirectory: cacheDirectory)
        self.init(physical, limits: limits, in: context, compiler, .whole, Transfers(in: context))
    }

    init(
        _ physical: PhysicalDevice, limits: DeviceLimits, in context: CUDAContext, _ compiler: CUDACompiler,
        _ share: Share, _ transfers: Transfers
    ) {
        self.physical = physical
        self.limits = limits
        self.context = context
        self.compiler = compiler
        self.share = share
        self.transfers = transfers
        description = physical.description
        facts = physical.facts
    }

    /// The same device with another share.
    func sharing(_ share: Share, computeUnits: Int) -> CUDADevice {
        var limits = limits
        limits.computeUnits = computeUnits
        return CUDADevice(physical, limits: limits, in: context, compiler, share, transfers)
    }

    package func reaches(_ other: any Device) -> Bool {
        guard let other = other as? CUDADevice, other.functions.library == functions.library else { return false }
        return context.reach(other.context)
    }

    package var availableBytes: Int { context.freeBytes ?? assumedBytes }

    package func makeBuffer(
        byteCount: Int, access: BufferAccess, label: String
    ) throws(ComputeError) -> any Buffer {
        try CUDABuffer(byteCount: byteCount, access: access, label: label, on: self)
    }

    package func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        guard limits.importsHostMemory else {
            throw .unsupported(device: description.name, reason: "it does not work on memory of the host")
        }
        return try CUDABuffer(over: memory, range, label: label, on: self)
    }

    package func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        guard code.dialect == dialect else {
            throw .argument(kernel: code.label, reason: "is \(code.dialect.rawValue), not \(dialect.rawValue)")
        }
        return try CUDAKernel(code, image: try compiler.compile(code), on: self)
    }

    /// Sliced only where the driver ends what takes long: other work is not held up by a long submission, which is many
    /// kernels.
    package func makeLane(label: String) throws(ComputeError) -> any Lane {
        let lane = try CUDALane(label: label, on: self)
        return physical.hasWatchdog ? bounded(lane) : lane
    }
}
