import Placement
import Workloads

/// Work of a job on a modelled device.
protocol DeviceWork {
    /// Seconds left, as if alone.
    var left: Seconds { get set }
    var utilisation: Utilisation { get }
    /// How much longer it takes beside what else is on the device now.
    var slowdown: Double { get set }
}

extension DeviceWork {
    func end(from now: Seconds) -> Seconds { now + left * slowdown }

    mutating func work(for seconds: Seconds) { left -= seconds / slowdown }
}

extension Array where Element: DeviceWork {
    /// Sets how much jobs side by side slow each other.
    mutating func stretch(by contention: Contention) {
        let total = reduce(Utilisation.idle) { $0 + $1.utilisation }
        for index in indices {
            let own = self[index].utilisation
            let others = Utilisation(memory: total.memory - own.memory, compute: total.compute - own.compute)
            self[index].slowdown = contention.slowdown(of: own, beside: others, count: Double(count - 1))
        }
    }
}
