package import Compute
import Kernels
import Quantities
import Scheduling

/// A stream of work of a unit: the whole device or a part of it, with kernels and a thread of its own.
final class UnitLane: Sendable {
    let id: LaneID
    let name: String
    let device: any Device
    let lane: any Lane
    let thread: LaneThread
    let kernels: KernelSet

    /// - Parameter turn: seconds of a slice, where lanes take turns on one queue.
    init(_ id: LaneID, on device: any Device, _ tuning: Tuning, turn: Double? = nil) throws(ComputeError) {
        self.id = id
        name = id.part.map { "part \($0 + 1)" } ?? "whole"
        self.device = device
        lane = try device.makeLane(label: name, turn: turn)
        thread = LaneThread(name: "weft lane \(id.index)")
        kernels = try KernelSet(device: device, tuning: tuning)
    }
}

/// The lanes of a unit by their names, and what they have done. Which of them runs what is `LaneSchedule`'s to decide.
package struct UnitLanes: Sendable {
    /// The whole device, then the parts.
    let lanes: [UnitLane]
    let plan: LanePlan
    /// How the parts get their shares; `nil` without parts.
    let partitioning: Partitioning?
    private var passes: [Int]
    private var busySeconds: [Double]
    /// What each part keeps of its speed alone while the others are saturated; empty before it is measured.
    private var isolation: [Double] = []

    /// Seconds in which lanes that take turns have all had theirs. Chosen: shorter rounds keep streams smoother and
    /// cost more submissions.
    package static let round = 0.02

    /// Divides the device as the shares of the models need.
    ///
    /// - Parameter tuning: of the whole device. Its parts have it too: a sequence may go from one to another.
    init(_ shares: [Share], on device: any Device, _ tuning: Tuning) throws(ComputeError) {
        plan = LanePlan(grain: device.shareUnits, shares: shares)
        if plan.parts.isEmpty {
            partitioning = nil
            lanes = [try UnitLane(.whole, on: device, tuning)]
        } else {
            partitioning = device.partitioning
            let partition = try device.partition(into: plan.parts.map(\.units))
            var lanes: [UnitLane] = []
            for (id, device) in zip(plan.lanes, [partition.whole] + partition.parts) {
                let turn = partitioning?.isReal == true ? nil : Self.round * plan.fraction(of: id)
                lanes.append(try UnitLane(id, on: device, tuning, turn: turn))
            }
            self.lanes = lanes
        }
        passes = lanes.map { _ in 0 }
        busySeconds = lanes.map { _ in 0 }
    }

    subscript(id: LaneID) -> UnitLane { lanes[id.index] }

    var devices: [any Device] { lanes.map(\.device) }

    /// Measures how well the parts keep apart. No lane may be at work.
    mutating func measureIsolation() async throws {
        guard lanes.count > 2 else { return }
        isolation = try await LaneIsolation(Array(lanes[1...])).measure()
    }

    mutating func count(_ lane: LaneID, seconds: Seconds) {
        passes[lane.index] += 1
        busySeconds[lane.index] += seconds
    }

    var status: [UnitStatus.Lane] {
        lanes.map { lane in
            let isPart = lane.id != .whole
            return UnitStatus.Lane(
                name: lane.name,
                units: isPart && partitioning?.isReal == true ? lane.device.limits.computeUnits : nil,
                passes: passes[lane.id.index], busySeconds: busySeconds[lane.id.index],
                isolation: isPart && !isolation.isEmpty ? isolation[lane.id.index - 1] : nil)
        }
    }
}

extension Device {
    /// The smallest parts of it that `LanePlan` divides: compute units, or tenths.
    package var shareUnits: Int { partitioning.isReal ? limits.computeUnits : Share.whole.tenths }
}
