package import Compute
import Foundation
import Synchronization

/// A device that works, until it is told to fail.
package final class FaultyDevice: Device {
    /// Shared by a device and its parts.
    package final class Fault: Sendable {
        private struct State {
            /// Runs that are still to fail.
            var failures = 0
            /// The label of a lane that is kept from running.
            var held: String?
            var isHolding = false
        }

        private let state = Mutex(State())

        package init() {}

        /// Whether a run waits for `release`.
        package var isHolding: Bool { state.withLock { $0.isHolding } }

        /// Makes all runs fail from now on, or the next `count`.
        package func set(count: Int = .max) { state.withLock { $0.failures = count } }

        /// Keeps the lane with this label from running until `release`.
        package func hold(_ lane: String) { state.withLock { $0.held = lane } }

        package func release() { state.withLock { ($0.held, $0.isHolding) = (nil, false) } }

        /// What is compiled behind serving neither fails nor uses up failures that are meant for runs.
        fileprivate func check(_ device: any Device, _ lane: String) throws(ComputeError) {
            if lane == "compiling behind" { return }
            while mustWait(lane) { Thread.sleep(forTimeInterval: 0.001) }
            let fails = state.withLock { state in
                defer { if state.failures > 0 { state.failures -= 1 } }
                return state.failures > 0
            }
            if fails { throw .deviceLost(device: device.description.name, call: "run") }
        }

        private func mustWait(_ lane: String) -> Bool {
            state.withLock { state in
                guard state.held == lane else { return false }
                state.isHolding = true
                return true
            }
        }
    }

    package let fault: Fault
    private let real: any Device

    package init(_ real: any Device, fault: Fault = Fault()) {
        self.real = real
        self.fault = fault
    }

    package var description: DeviceDescription { real.description }
    package var limits: DeviceLimits { real.limits }
    package var facts: DeviceFacts { real.facts }
    package var dialect: Dialect { real.dialect }
    package var compilesInParallel: Bool { real.compilesInParallel }
    package var availableBytes: Int { real.availableBytes }
    package var memoryDomain: ObjectIdentifier { real.memoryDomain }
    package var partitioning: Partitioning { real.partitioning }

    package func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(byteCount: byteCount, access: access, label: label)
    }

    package func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(over: memory, range, label: label)
    }

    package func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel { try real.makeKernel(code) }

    package func makeLane(label: String) throws(ComputeError) -> any Lane {
        FaultyLane(try real.makeLane(label: label), label, of: self)
    }

    package func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
        let partition = try real.partition(into: units)
        return DevicePartition(
            whole: FaultyDevice(partition.whole, fault: fault),
            parts: partition.parts.map { FaultyDevice($0, fault: fault) })
    }
}

private final class FaultyLane: Lane {
    private let real: any Lane
    private let label: String
    private let device: FaultyDevice

    init(_ real: any Lane, _ label: String, of device: FaultyDevice) {
        self.real = real
        self.label = label
        self.device = device
    }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        try device.fault.check(device, label)
        return try real.run(record)
    }
}
