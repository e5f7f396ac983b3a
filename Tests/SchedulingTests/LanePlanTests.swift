import Quantities
import Scheduling
import Testing

struct LanePlanTests {
    private func plan(_ grain: Int, _ tenths: [Int]) -> LanePlan {
        LanePlan(grain: grain, shares: tenths.map { Share($0) })
    }

    @Test func twoCoresAreTwoParts() {
        let plan = plan(2, [6, 4])
        #expect(plan.parts.map(\.units) == [1, 1])
        #expect(plan.lanes(for: Share(6)) == [.part(0), .part(1)])
        #expect(plan.lanes(for: Share(4)) == [.part(0), .part(1)])
        #expect(plan.lanes(for: .whole) == [.whole])
    }

    @Test func partsHaveTheSharesOfTheirJobs() {
        let plan = plan(20, [7, 3])
        #expect(plan.parts.map(\.units) == [14, 6])
        #expect(plan.lanes(for: Share(7)) == [.part(0)])
        #expect(plan.lanes(for: Share(3)) == [.part(1)])
        #expect(plan.lanes(for: Share(4)) == [.part(1)])
    }

    @Test func whatIsLeftGoesToMoreOfTheSmallest() {
        #expect(plan(10, [4, 2]).parts.map(\.units) == [4, 2, 2, 2])
        #expect(plan(10, [3]).parts.map(\.units) == [3, 3, 3])
    }

    @Test func overlappingSharesGetWhatIsLeft() {
        let plan = plan(10, [7, 5])
        #expect(plan.parts.map(\.units) == [7, 3])
        #expect(plan.lanes(for: Share(5)) == [.part(1)])
        // One tenth instead of nine is no part for it.
        #expect(self.plan(10, [9]).parts.isEmpty)
    }

    @Test func wholeDevicesAreNotDivided() {
        #expect(plan(2, [10]).parts.isEmpty)
        #expect(plan(1, [6, 4]).parts.isEmpty)
        #expect(plan(2, [10]).lanes(for: Share(3)) == [.whole])
    }

    @Test(arguments: 1...40)
    func partsNeverExceedTheDevice(_ grain: Int) {
        for first in 1...10 {
            for second in 1...10 {
                let plan = plan(grain, [first, second])
                #expect(plan.parts.reduce(0) { $0 + $1.units } <= grain)
                #expect(plan.parts.allSatisfy { $0.units > 0 })
                for share in [first, second] {
                    #expect(!plan.lanes(for: Share(share)).isEmpty)
                }
            }
        }
    }

    @Test func sharesThatArePartsOfOneSizeAreOne() {
        let sizes = LanePlan.sizes(grain: 2)
        #expect(sizes.map(\.units) == [1, 2])
        #expect(sizes.map { $0.shares.map(\.tenths) } == [Array(1...7), [8, 9, 10]])
        #expect(LanePlan.sizes(grain: 1).map(\.shares.count) == [10])
        #expect(LanePlan.sizes(grain: 64).count == 10)
    }
}
