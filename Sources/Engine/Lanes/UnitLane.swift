import Compute
import Kernels

/// A stream of work of a unit: a part of its device, with kernels and a thread of its own.
final class UnitLane: Sendable {
    /// The position among the unit's lanes: 0 is the whole device.
    let index: Int
    let name: String
    let device: any Device
    let lane: any Lane
    let thread: LaneThread
    let kernels: KernelSet

    /// - Parameter turn: seconds of a slice, where lanes take turns on one queue.
    init(_ index: Int, on device: any Device, turn: Double? = nil) throws(ComputeError) {
        self.index = index
        name = index == 0 ? "whole" : "part \(index)"
        self.device = device
        let lane = try device.makeLane(label: name)
        self.lane = turn.map { SlicedLane(lane, seconds: $0) } ?? lane
        thread = LaneThread(name: "weft lane \(index)")
        kernels = try KernelSet(device: device)
    }
}
