/// What is known of a kind of GPU that its driver does not report: how much work it takes to fill it.
///
/// ```
/// let facts = DeviceFacts(device.description)
/// let subgroups = 16 * facts.computeUnits
/// ```
/// Sources: NVIDIA's tuning guides for Ada and Hopper; AMD's RDNA 2 and RDNA 3 ISA guides; Intel's optimisation guide
/// for Xe2; Arm's Mali datasheet; the vendors' product pages.
package struct DeviceFacts: Sendable, Hashable {
    /// A part of the driver's name for the device.
    package var name: String
    /// The parts that groups are given to: SMs, compute units, Xe cores, shader cores.
    package var computeUnits: Int
    /// Invocations that run in lockstep, as kernels ask for them.
    package var subgroupSize: Int
    /// The most subgroups that a unit has in flight.
    package var subgroupsPerUnit: Int
    package var registerBytesPerUnit: Int
    package var sharedBytesPerUnit: Int
    /// Shared memory that one group may have.
    package var sharedBytesPerGroup: Int
    package var maxGroupSize: Int
    /// Bytes of memory a second.
    package var bandwidth: Double

    /// Those of the table, or of an ordinary device of its kind.
    package init(_ description: DeviceDescription) {
        self =
            Self.known.first { Self.words(of: description.name).contains(Self.words(of: $0.name)) }
            ?? (description.kind == .cpu ? Self.cpu : description.kind == .integrated ? Self.smallGPU : Self.largeGPU)
    }

    /// The words of a name in order, so that `A100` is not found in `RTX A1000`.
    private static func words(of name: String) -> [Substring] {
        name.split { !$0.isLetter && !$0.isNumber }
    }

    package static let known = [
        DeviceFacts(
            "H200", units: 132, subgroups: 64, of: 32, registers: 256 << 10, shared: 228 << 10, ofGroup: 48 << 10,
            bandwidth: 4800e9),
        DeviceFacts(
            "H100", units: 132, subgroups: 64, of: 32, registers: 256 << 10, shared: 228 << 10, ofGroup: 48 << 10,
            bandwidth: 3350e9),
        DeviceFacts(
            "A100", units: 108, subgroups: 64, of: 32, registers: 256 << 10, shared: 164 << 10, ofGroup: 48 << 10,
            bandwidth: 1555e9),
        DeviceFacts(
            "RTX 4090", units: 128, subgroups: 48, of: 32, registers: 256 << 10, shared: 100 << 10, ofGroup: 48 << 10,
            bandwidth: 1008e9),
        DeviceFacts(
            "RX 7900 XTX", units: 96, subgroups: 32, of: 32, registers: 384 << 10, shared: 64 << 10, ofGroup: 64 << 10,
            bandwidth: 960e9),
        DeviceFacts(
            "RX 6800", units: 60, subgroups: 32, of: 32, registers: 256 << 10, shared: 64 << 10, ofGroup: 64 << 10,
            bandwidth: 512e9),
        DeviceFacts(
            "B580", units: 20, subgroups: 64, of: 16, registers: 512 << 10, shared: 128 << 10, ofGroup: 64 << 10,
            bandwidth: 456e9),
        DeviceFacts(
            "780M", units: 12, subgroups: 32, of: 32, registers: 256 << 10, shared: 64 << 10, ofGroup: 64 << 10,
            bandwidth: 120e9),
        DeviceFacts(
            "Mali-G720", units: 12, subgroups: 128, of: 16, registers: 256 << 10, shared: 32 << 10, ofGroup: 32 << 10,
            bandwidth: 77e9),
    ]

    private static let largeGPU = DeviceFacts(
        "", units: 64, subgroups: 32, of: 32, registers: 256 << 10, shared: 64 << 10, ofGroup: 32 << 10,
        bandwidth: 500e9)
    private static let smallGPU = DeviceFacts(
        "", units: 12, subgroups: 32, of: 32, registers: 256 << 10, shared: 32 << 10, ofGroup: 32 << 10,
        bandwidth: 80e9)

    /// What passes for a GPU in tests.
    private static let cpu = DeviceFacts(
        "", units: 1, subgroups: 32, of: 8, registers: 256 << 10, shared: 32 << 10, ofGroup: 32 << 10, bandwidth: 10e9)

    private init(
        _ name: String, units: Int, subgroups: Int, of subgroupSize: Int, registers: Int, shared: Int, ofGroup: Int,
        bandwidth: Double
    ) {
        self.name = name
        computeUnits = units
        self.subgroupSize = subgroupSize
        subgroupsPerUnit = subgroups
        registerBytesPerUnit = registers
        sharedBytesPerUnit = shared
        sharedBytesPerGroup = ofGroup
        maxGroupSize = 1024
        self.bandwidth = bandwidth
    }
}

extension DeviceLimits {
    /// What such a device's driver reports of what kernels are shaped by.
    package init(_ facts: DeviceFacts) {
        self.init(
            maxBindingSize: Int(UInt32.max), maxAllocationSize: Int(UInt32.max), maxTexelElements: 0, maxBindings: 64,
            maxGroupSize: facts.maxGroupSize, maxGroupCount: 65535, maxParameterBytes: 128,
            subgroupSize: facts.subgroupSize, groupSize: facts.subgroupSize, vectorWidth: 4,
            sharedMemoryBytes: facts.sharedBytesPerGroup)
    }
}
