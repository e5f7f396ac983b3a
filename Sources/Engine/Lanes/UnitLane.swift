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
    /// Used on the lane's thread only.
    let kernels: ThreadKernels

    init(_ index: Int, on device: any Device) throws(ComputeError) {
        self.index = index
        name = index == 0 ? "whole" : "part \(index)"
        self.device = device
        lane = try device.makeLane(label: name)
        thread = LaneThread(name: "weft lane \(index)")
        kernels = ThreadKernels(set: try KernelSet(device: device))
    }

    /// Kernels that one thread uses.
    struct ThreadKernels: @unchecked Sendable {
        let set: KernelSet
    }
}
