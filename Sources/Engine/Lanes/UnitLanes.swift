import Compute
import Scheduling

/// The lanes of a unit and which of them are at work.
struct UnitLanes: Sendable {
    let lanes: [UnitLane]
    let plan: LanePlan
    let partitioning: Partitioning?
    private var isBusy: [Bool]
    private var passes: [Int]
    private var busySeconds: [Double]
    /// What each part keeps of its speed alone while the others are saturated; empty before it is measured.
    private var isolation: [Double] = []

    /// Seconds in which lanes that take turns have all had theirs.
    static let round = 0.02

    /// Divides the device as the shares of the models need.
    init(_ shares: [Share], on device: any Device) throws(ComputeError) {
        plan = LanePlan(grain: device.shareUnits, shares: shares)
        let isReal = device.partitioning.isReal
        if plan.parts.isEmpty {
            partitioning = nil
            lanes = [try UnitLane(0, on: device)]
        } else {
            partitioning = device.partitioning
            let partition = try device.partition(into: plan.parts.map(\.units))
            var lanes: [UnitLane] = []
            for (index, device) in ([partition.whole] + partition.parts).enumerated() {
                let units = index == 0 ? plan.grain : plan.parts[index - 1].units
                let turn = isReal ? nil : Self.round * Double(units) / Double(plan.grain)
                lanes.append(try UnitLane(index, on: device, turn: turn))
            }
            self.lanes = lanes
        }
        isBusy = lanes.map { _ in false }
        passes = lanes.map { _ in 0 }
        busySeconds = lanes.map { _ in 0 }
    }

    /// Measures how well the parts keep apart. No lane may be at work.
    mutating func measureIsolation() async throws {
        guard lanes.count > 2 else { return }
        isolation = try await LaneIsolation(Array(lanes[1...])).measure()
    }

    var areIdle: Bool { !isBusy.contains(true) }

    var devices: [any Device] { lanes.map(\.device) }

    /// A lane that has nothing to do and suits a job with `share`.
    func idle(for share: Share) -> UnitLane? {
        guard let parts = plan.parts(for: share) else { return isBusy[0] ? nil : lanes[0] }
        return parts.first { !isBusy[$0 + 1] }.map { lanes[$0 + 1] }
    }

    /// Whether `lane` is one for jobs with `share`.
    func suits(_ lane: UnitLane, _ share: Share) -> Bool {
        plan.parts(for: share).map { $0.contains(lane.index - 1) } ?? (lane.index == 0)
    }

    mutating func begin(_ lane: UnitLane) { isBusy[lane.index] = true }

    mutating func end(_ lane: UnitLane, seconds: Double) {
        isBusy[lane.index] = false
        passes[lane.index] += 1
        busySeconds[lane.index] += seconds
    }

    var status: [EngineStatus.Lane] {
        let isReal = partitioning?.isReal ?? false
        return lanes.map { lane in
            EngineStatus.Lane(
                name: lane.name, units: isReal && lane.index > 0 ? lane.device.limits.computeUnits : nil,
                passes: passes[lane.index], busySeconds: busySeconds[lane.index],
                isolation: lane.index > 0 && !isolation.isEmpty ? isolation[lane.index - 1] : nil)
        }
    }
}
