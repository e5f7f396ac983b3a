import ComputeVulkan
import Testing

/// The choice of queues for lanes, on described devices: no driver of this machine has several.
struct QueuePlanTests {
    private func family(_ index: Int, queues: Int, computes: Bool = true, draws: Bool = false) -> QueueFamily {
        QueueFamily(index: index, queueCount: queues, computes: computes, draws: draws, timestampBits: 64)
    }

    @Test func aFamilyThatOnlyComputesIsBest() {
        let discrete = [
            family(0, queues: 16, draws: true), family(1, queues: 2, computes: false), family(2, queues: 8),
        ]
        #expect(QueueFamily.best(of: discrete)?.index == 2)
        #expect(QueueFamily.best(of: [family(0, queues: 1, draws: true)])?.index == 0)
        #expect(QueueFamily.best(of: [family(0, queues: 4, computes: false)]) == nil)
    }

    @Test func lanesGetQueuesOfTheirOwn() {
        let plan = QueuePlan(family(2, queues: 8), weights: [6, 3, 1])
        #expect(plan.queues == [0, 1, 2])
        #expect(plan.priorities == [1, 0.5, 1.0 / 6])
    }

    @Test func lanesBeyondTheQueuesShareTheLast() {
        let plan = QueuePlan(family(0, queues: 2), weights: [2, 4, 3, 1])
        #expect(plan.queues == [0, 1, 1, 1])
        #expect(plan.priorities == [0.5, 1])
        let single = QueuePlan(family(0, queues: 1), weights: [6, 4])
        #expect(single.queues == [0, 0] && single.priorities == [1])
    }
}
