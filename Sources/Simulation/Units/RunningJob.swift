import Placement
import Scheduling
import Workloads

/// A pass at work on a modelled device: a job, or several of one model that share it.
struct RunningJob {
    let jobs: [Job]
    /// The lane that it has, where the unit has lanes.
    var lane: Int?
    /// Seconds of work left, as if alone.
    var left: Seconds
    let utilisation: Utilisation
    /// How much longer everything takes beside the jobs now at work.
    var slowdown = 1.0

    var hasPrefill: Bool { jobs.contains { $0.phase == .prefill } }

    func finish(from now: Seconds) -> Seconds { now + left * slowdown }
}
