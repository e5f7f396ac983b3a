/// One physical GPU, or the CPU driver of one, reached through a vendor's API.
public protocol Device: AnyObject, Sendable {
    var description: DeviceDescription { get }
    var limits: DeviceLimits { get }
    /// What kernels are translated to for this device.
    var dialect: Dialect { get }

    /// Reserves memory.
    /// - Throws: `ComputeError.outOfMemory` when the device cannot hold `byteCount` bytes.
    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer

    /// Compiles a kernel, or finds it in the on-disk cache.
    /// - Throws: `ComputeError.compilation` with the compiler's log.
    func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel

    /// An ordered stream of commands on this device.
    func makeLane(label: String) throws(ComputeError) -> any Lane
}
