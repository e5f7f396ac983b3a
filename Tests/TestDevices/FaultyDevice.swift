public import Compute
import Synchronization

/// A device that works, until it is told to fail.
public final class FaultyDevice: Device {
    /// Shared by a device and its parts.
    public final class Fault: Sendable {
        private let isSet = Mutex(false)

        public init() {}

        public func set() { isSet.withLock { $0 = true } }

        fileprivate func check(_ device: any Device) throws(ComputeError) {
            if isSet.withLock({ $0 }) {
                throw .deviceLost(device: device.description.name, call: "run")
            }
        }
    }

    public let fault: Fault
    private let real: any Device

    public init(_ real: any Device, fault: Fault = Fault()) {
        self.real = real
        self.fault = fault
    }

    public var description: DeviceDescription { real.description }
    public var limits: DeviceLimits { real.limits }
    public var dialect: Dialect { real.dialect }
    public var memoryDomain: ObjectIdentifier { real.memoryDomain }
    public var partitioning: Partitioning { real.partitioning }

    public func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(byteCount: byteCount, access: access, label: label)
    }

    public func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(over: memory, range, label: label)
    }

    public func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel { try real.makeKernel(code) }

    public func makeLane(label: String) throws(ComputeError) -> any Lane {
        FaultyLane(try real.makeLane(label: label), of: self)
    }

    public func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
        let partition = try real.partition(into: units)
        return DevicePartition(
            whole: FaultyDevice(partition.whole, fault: fault),
            parts: partition.parts.map { FaultyDevice($0, fault: fault) })
    }
}

private final class FaultyLane: Lane {
    private let real: any Lane
    private let device: FaultyDevice

    init(_ real: any Lane, of device: FaultyDevice) {
        self.real = real
        self.device = device
    }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        try device.fault.check(device)
        return try real.run(record)
    }
}
