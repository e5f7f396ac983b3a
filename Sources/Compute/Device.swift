/// One physical GPU, or the CPU driver of one, reached through a vendor's API.
package protocol Device: AnyObject, Sendable {
    var description: DeviceDescription { get }
    var limits: DeviceLimits { get }
    /// How much work it takes to fill it: of a part of a device, the whole, as all compute the same bits.
    var facts: DeviceFacts { get }
    /// What kernels are translated to for this device.
    var dialect: Dialect { get }

    /// Names the memory that buffers come from. Devices of one domain, which are parts of one device, use the same
    /// buffers.
    var memoryDomain: ObjectIdentifier { get }

    /// Whether commands of this device can copy from the memory of another (`Commands.copy`).
    func reaches(_ other: any Device) -> Bool

    /// Bytes that could be reserved now, as far as the driver tells: others may use the device too.
    var availableBytes: Int { get }

    /// Reserves memory.
    /// - Throws: `ComputeError.outOfMemory` when the device cannot hold `byteCount` bytes.
    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer

    /// A buffer that is a part of host memory, which the device works on where it stands.
    ///
    /// - Parameter range: bytes of `memory`, from a multiple of `HostMemory.alignment` on.
    /// - Throws: `ComputeError.unsupported` on a device without `DeviceLimits.importsHostMemory`.
    func makeBuffer(over memory: HostMemory, _ range: Range<Int>, label: String) throws(ComputeError) -> any Buffer

    /// Compiles a kernel, or finds it in the on-disk cache, where `Kernel.keep` puts it.
    /// - Throws: `ComputeError.compilation` with the compiler's log.
    func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel

    /// Whether several threads that compile kernels are done sooner than one.
    var compilesInParallel: Bool { get }

    /// An ordered stream of commands on this device, made `bounded`.
    func makeLane(label: String) throws(ComputeError) -> any Lane

    /// How this device can give lanes a share of itself.
    var partitioning: Partitioning { get }

    /// Divides the device: a part for each entry of `units`, of so many compute units, at work at the same time.
    ///
    /// The parts together have at most `DeviceLimits.computeUnits`. Where shares are queues or turns the numbers only
    /// weigh.
    func partition(into units: [Int]) throws(ComputeError) -> DevicePartition
}

/// A device that is not divided, has memory of its own, and is as others of its name.
extension Device {
    package var facts: DeviceFacts { DeviceFacts(description) }

    package var memoryDomain: ObjectIdentifier { ObjectIdentifier(self) }

    package func reaches(_ other: any Device) -> Bool { false }

    package var availableBytes: Int { assumedBytes }

    /// What is taken to be available where the driver does not tell: on a CPU what the host has, else all.
    package var assumedBytes: Int {
        let host = description.kind == .cpu ? HostMemory.available : nil
        return host ?? description.memoryByteCount
    }

    package func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        throw .unsupported(device: description.name, reason: "it does not work on memory of the host")
    }

    package var compilesInParallel: Bool { true }

    package var partitioning: Partitioning { .budget }

    package func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
        DevicePartition(whole: self, parts: units.map { _ in self })
    }
}
