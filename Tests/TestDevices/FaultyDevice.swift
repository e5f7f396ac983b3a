package import Compute
import Foundation
import Synchronization

/// A device that works, until it is told to fail.
package final class FaultyDevice: Device {
    /// Shared by a device and its parts.
    package final class Fault: Sendable {
        /// How something fails, as drivers say it.
        package enum Kind: Sendable, CaseIterable {
            case lost, memory, code

            fileprivate func error(_ device: any Device, _ call: String) -> ComputeError {
                switch self {
                case .lost: .deviceLost(device: device.description.name, call: call)
                case .memory: .outOfMemory(device: device.description.name, asked: 1, available: 0)
                case .code: .failed(device: device.description.name, call: call, code: -13)
                }
            }
        }

        private struct State {
            /// Runs that are still to fail.
            var failures = 0
            /// The label of the lanes that they are on; `nil` for all.
            var failing: String?
            var kind = Kind.lost
            /// Buffers and kernels that are not made, but for the first so many.
            var buffersLeft: Int?
            var kernelsLeft: Int?
            /// Whether the next run hangs, and whether one does.
            var hangs = false
            var isHanging = false
            /// The label of a lane that is kept from running.
            var held: String?
            var isHolding = false
        }

        private let state = Mutex(State())

        package init() {}

        /// Whether a run waits for `release`.
        package var isHolding: Bool { state.withLock { $0.isHolding } }

        /// Makes all runs fail from now on, or the next `count`; of all lanes, or of those with this label.
        package func set(count: Int = .max, lane: String? = nil, kind: Kind = .lost) {
            state.withLock { ($0.failures, $0.failing, $0.kind) = (count, lane, kind) }
        }

        /// Lets only so many further buffers and kernels be made; `nil` for all.
        package func allow(buffers: Int? = nil, kernels: Int? = nil) {
            state.withLock { ($0.buffersLeft, $0.kernelsLeft) = (buffers, kernels) }
        }

        fileprivate func takesBuffer() -> Bool { state.withLock { $0.buffersLeft.takesOne() } }

        fileprivate func takesKernel() -> Bool { state.withLock { $0.kernelsLeft.takesOne() } }

        /// Makes the next run hang until `release`.
        package func hang() { state.withLock { $0.hangs = true } }

        /// Whether a run hangs.
        package var isHanging: Bool { state.withLock { $0.isHanging } }

        /// Keeps the lane with this label from running until `release`.
        package func hold(_ lane: String) { state.withLock { $0.held = lane } }

        package func release() { state.withLock { ($0.held, $0.isHolding, $0.isHanging) = (nil, false, false) } }

        /// What is compiled behind serving neither fails nor uses up failures that are meant for runs.
        fileprivate func check(_ device: any Device, _ lane: String) throws(ComputeError) {
            if lane == "compiling behind" { return }
            while mustWait(lane) { Thread.sleep(forTimeInterval: 0.001) }
            if mustHang { while isHanging { Thread.sleep(forTimeInterval: 0.001) } }
            let failure = state.withLock { state -> Kind? in
                guard state.failures > 0, state.failing == nil || state.failing == lane else { return nil }
                state.failures -= 1
                return state.kind
            }
            if let failure { throw failure.error(device, "run") }
        }

        private var mustHang: Bool {
            state.withLock { state in
                guard state.hangs else { return false }
                (state.hangs, state.isHanging) = (false, true)
                return true
            }
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
        guard fault.takesBuffer() else {
            throw .outOfMemory(device: description.name, asked: byteCount, available: 0)
        }
        return try real.makeBuffer(byteCount: byteCount, access: access, label: label)
    }

    package func makeBuffer(
        over memory: HostMemory, _ range: Range<Int>, label: String
    ) throws(ComputeError) -> any Buffer {
        try real.makeBuffer(over: memory, range, label: label)
    }

    package func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        guard fault.takesKernel() else {
            throw .compilation(device: description.name, kernel: code.label, log: "no pipeline today")
        }
        return try real.makeKernel(code)
    }

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

extension Int? {
    /// Whether there is one more, which is then taken.
    fileprivate mutating func takesOne() -> Bool {
        guard let left = self else { return true }
        self = max(0, left - 1)
        return left > 0
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
