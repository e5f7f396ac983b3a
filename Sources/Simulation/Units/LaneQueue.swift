import Placement
import Scheduling

/// Which lanes are at work, and the jobs that wait for one. The engine's `UnitLanes` decides alike.
struct LaneQueue {
    private let lanes: EngineLanes
    /// The whole device, then the parts.
    private var isBusy: [Bool]
    private var waiting: [Job] = []

    init(_ lanes: EngineLanes) {
        self.lanes = lanes
        isBusy = Array(repeating: false, count: lanes.plan.parts.count + 1)
    }

    /// How parts that do not overlap slow each other.
    func contention(of model: String) -> PhaseContention { lanes.contention[model] ?? .none }

    func overlap(of model: String) -> LaneOverlap { lanes.overlap[model] ?? .sliced }

    func serving(of model: String) -> ServingCost { lanes.serving[model] ?? .none }

    mutating func wait(_ job: Job) { waiting.append(job) }

    mutating func end(_ lane: Int) { isBusy[lane] = false }

    /// The oldest job whose lane is idle and what waits there for the same model; the lane, and its part of the device.
    mutating func next() -> (jobs: [Job], lane: Int, part: Double)? {
        for first in waiting {
            guard let lane = candidates(first.share).first(where: { !isBusy[$0] }) else { continue }
            let jobs = waiting.filter { $0.model == first.model && candidates($0.share).contains(lane) }
            waiting.removeAll { job in jobs.contains { $0.id == job.id } }
            isBusy[lane] = true
            return (jobs, lane, part(lane))
        }
        return nil
    }

    private func candidates(_ share: Share) -> [Int] { lanes.plan.parts(for: share)?.map { $0 + 1 } ?? [0] }

    /// What a lane is of the device.
    func part(_ lane: Int) -> Double {
        lane == 0 ? 1 : Double(lanes.plan.parts[lane - 1].units) / Double(lanes.plan.grain)
    }
}
