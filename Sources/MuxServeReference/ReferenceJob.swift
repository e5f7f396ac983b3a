import Placement
import Quantities

/// A job of MuxServe's code on a modelled mesh.
struct ReferenceJob {
    let model: Int
    let isPrefill: Bool
    let tenths: Int
    /// What the host has left to do when the device is done.
    let hostTime: Seconds
    /// Seconds left on the device, as if alone.
    var left: Seconds
    let utilisation: Utilisation
    /// How much longer it takes beside what else is on the device now.
    var slowdown = 1.0

    func end(from now: Seconds) -> Seconds { now + left * slowdown }
}

extension [ReferenceJob] {
    /// Sets how much jobs side by side slow each other.
    mutating func stretch(by contention: Contention) {
        for (index, slowdown) in zip(indices, contention.slowdowns(of: map(\.utilisation))) {
            self[index].slowdown = slowdown
        }
    }
}
