package import Compute
import Kernels
import Quantities
import Scheduling

/// A stream of work of a unit: whole devices or a part of each, with kernels for each and a thread.
final class UnitLane: Sendable {
    let id: LaneID
    let name: String
    /// By rank.
    let ranks: [Rank]
    let lane: MeshLane
    let thread: LaneThread

    /// A device of the lane, or the part of one.
    struct Rank: Sendable {
        let device: any Device
        let kernels: KernelSet
    }

    /// - Parameters:
    ///   - devices: of each rank, with the shapes that its whole device has.
    ///   - turn: seconds of a slice, where lanes take turns on one queue.
    init(_ id: LaneID, on devices: [(any Device, Tuning)], turn: Double? = nil) throws(ComputeError) {
        self.id = id
        name = id.part.map { "part \($0 + 1)" } ?? "whole"
        var lanes: [any Lane] = [], ranks: [Rank] = []
        for (device, tuning) in devices {
            lanes.append(try device.makeLane(label: name, turn: turn))
            ranks.append(Rank(device: device, kernels: try KernelSet(device: device, tuning: tuning)))
        }
        self.ranks = ranks
        lane = MeshLane(lanes, name: "weft lane \(id.index)")
        thread = LaneThread(name: "weft lane \(id.index)")
    }

    /// The first device, which stands for all where one is asked for.
    var device: any Device { ranks[0].device }

    var kernels: [KernelSet] { ranks.map(\.kernels) }
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

    /// Divides the devices as the shares of the models need, all alike.
    ///
    /// - Parameter tunings: of each whole device. Its parts have it too: a sequence may go from one to another.
    /// - Throws: `ComputeError.unsupported` where the devices of a mesh cannot be divided alike.
    init(_ shares: [Share], on mesh: Mesh, _ tunings: [Tuning]) throws(ComputeError) {
        let plans = mesh.devices.map { LanePlan(grain: $0.shareUnits, shares: shares) }
        plan = plans[0]
        if let odd = plans.firstIndex(where: { $0.parts.count != plans[0].parts.count }) {
            throw .unsupported(
                device: mesh.devices[odd].description.name,
                reason: "it cannot be divided as \(mesh.devices[0].description.name), with which it is in a mesh")
        }
        if plan.parts.isEmpty {
            partitioning = nil
            lanes = [try UnitLane(.whole, on: Array(zip(mesh.devices, tunings)))]
        } else {
            let partitioning = mesh.devices[0].partitioning
            self.partitioning = partitioning
            let partitions = try zip(mesh.devices, plans).map { device, plan throws(ComputeError) in
                try device.partition(into: plan.parts.map(\.units))
            }
            lanes = try plan.lanes.map { [plan] id throws(ComputeError) in
                let turn = partitioning.isReal ? nil : Self.round * plan.fraction(of: id)
                let devices = partitions.map { partition in id.part.map { partition.parts[$0] } ?? partition.whole }
                return try UnitLane(id, on: Array(zip(devices, tunings)), turn: turn)
            }
        }
        passes = lanes.map { _ in 0 }
        busySeconds = lanes.map { _ in 0 }
    }

    subscript(id: LaneID) -> UnitLane { lanes[id.index] }

    /// By rank the devices of all lanes.
    var devices: [[any Device]] {
        lanes[0].ranks.indices.map { rank in lanes.map { $0.ranks[rank].device } }
    }

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
