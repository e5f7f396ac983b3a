import Placement
import Scheduling
import Workloads

/// A pass at work on a modelled device: a job, or several of one model that share it.
struct RunningJob: DeviceWork {
    let jobs: [Job]
    /// The lane that it has, where the unit has lanes.
    var lane: Int?
    /// Seconds of work left on the device, as if alone.
    var left: Seconds
    /// Seconds after that, in which the lane is taken but the device is free: tokens are drawn and sent.
    var serving: Seconds = 0
    let utilisation: Utilisation
    var isOnDevice = true
    /// How much longer its work takes beside the jobs now at work.
    var slowdown = 1.0

    /// Whether it has the lane of the whole device.
    var isOnWhole: Bool { lane == 0 }

    var hasPrefill: Bool { jobs.contains { $0.phase == .prefill } }

    /// When it leaves the device or, if it has, is done.
    func next(from now: Seconds) -> Seconds { isOnDevice ? end(from: now) : now + serving }

    mutating func advance(by seconds: Seconds) {
        if isOnDevice { work(for: seconds) } else { serving -= seconds }
    }
}
