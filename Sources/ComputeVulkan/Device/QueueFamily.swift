import Compute

/// What a device says of one kind of its queues.
package struct QueueFamily: Sendable, Hashable {
    package var index: Int
    package var queueCount: Int
    package var computes: Bool
    package var draws: Bool
    package var timestampBits: Int

    package init(index: Int, queueCount: Int, computes: Bool, draws: Bool, timestampBits: Int) {
        self.index = index
        self.queueCount = queueCount
        self.computes = computes
        self.draws = draws
        self.timestampBits = timestampBits
    }

    /// The family for compute: one that does not draw, where there is one, as it overlaps with the graphics of others.
    package static func best(of families: [QueueFamily]) -> QueueFamily? {
        let computing = families.filter(\.computes)
        return computing.first { !$0.draws } ?? computing.first
    }
}

/// Which queue each lane gets, and with what priority.
package struct QueuePlan: Sendable, Hashable {
    /// For each lane the queue in its family.
    package let queues: [Int]
    /// For each queue, 0 to 1.
    package let priorities: [Float]

    /// - Parameter weights: the shares of the lanes. The heaviest has priority 1; lanes beyond the queues that there
    ///   are share
    ///   the last.
    package init(_ family: QueueFamily, weights: [Int]) {
        let count = max(1, min(family.queueCount, weights.count))
        queues = weights.indices.map { min($0, count - 1) }
        let most = Float(max(1, weights.max() ?? 1))
        var priorities = [Float](repeating: 0, count: count)
        for (lane, weight) in weights.enumerated() {
            priorities[queues[lane]] = max(priorities[queues[lane]], Float(weight) / most)
        }
        self.priorities = priorities
    }

    /// One lane that has the device.
    package static let alone = QueuePlan(
        QueueFamily(index: 0, queueCount: 1, computes: true, draws: false, timestampBits: 0), weights: [1])
}
