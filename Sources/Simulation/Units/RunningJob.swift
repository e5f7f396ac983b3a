import Placement
import Scheduling
import Workloads

/// A job at work on a modelled device.
struct RunningJob {
    let job: Job
    /// Seconds of work left, as if alone.
    var left: Seconds
    let utilisation: Utilisation
    /// How much longer everything takes beside the jobs now at work.
    var slowdown = 1.0

    func finish(from now: Seconds) -> Seconds { now + left * slowdown }
}
