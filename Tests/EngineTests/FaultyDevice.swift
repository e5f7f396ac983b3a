import Compute
import Synchronization

/// A device that works, until it is told to fail.
final class FaultyDevice: Device {
    /// Shared by a device and its parts.
    final class Fault: Sendable {
        private let isSet = Mutex(false)

        func set() { isSet.withLock { $0 = true } }

        func check(_ device: any Device) throws(ComputeError) {
            if isSet.withLock({ $0 }) {
                throw .deviceLost(device: device.description.name, call: "run")
            }
        }
    }

    let fault: Fault
    private let real: any Device

    init(_ real: any Device, fault: Fault = Fault()) {
        self.real = real
        self.fault = fault
    }

    var description: DeviceDescription { real.description }
    var limits: DeviceLimits { real.limits }
    var dialect: Dialect { real.dialect }
    var memoryDomain: ObjectIdentifier { real.memoryDomain }
    var partitioning: Partitioning { real.partitioning }

    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(byteCount: byteCount, access: access, label: label)
    }

    func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(over: memory, range, label: label)
    }

    func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel { try real.makeKernel(code) }

    func makeLane(label: String) throws(ComputeError) -> any Lane {
        FaultyLane(try real.makeLane(label: label), of: self)
    }

    func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
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
