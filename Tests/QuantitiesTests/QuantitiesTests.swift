import Quantities
import Testing

struct QuantitiesTests {
    @Test(arguments: [
        (64, 6), (65, 7), (7, 1), (2, 1), (1, 1), (100, 10), (99, 10), (1000, 10), (-5, 1), (Int.max, 10),
    ])
    func percentBecomesTheNearestShareAJobCanHave(percent: Int, tenths: Int) {
        #expect(Share(percent: percent) == Share(tenths))
    }

    @Test func shareIsOneNumber() {
        for tenths in 1...10 {
            let share = Share(tenths)
            #expect(Share(percent: share.percent) == share)
            #expect(share.fraction == Double(tenths) / 10)
        }
        #expect(PhaseShares(prefill: Share(6), decode: Share(4))[.decode] == Share(4))
    }

    @Test func splitMixIsTheReference() {
        var random = SplitMix64(seed: 1_234_567)
        // Of Vigna's splitmix64.c.
        #expect([random.next(), random.next()] == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973])
        #expect((0..<1000).allSatisfy { _ in (-1..<1).contains(random.signedUnit()) })
        #expect((0..<1000).allSatisfy { _ in (3...7).contains(random.integer(in: 3...7)) })
    }

    @Test func percentilesAreInterpolatedAndMediansAreNot() {
        #expect(Percentiles([]) == nil && [Double]().median() == nil)
        #expect(Percentiles([4, 1, 3, 2])?.p50 == 2.5)
        #expect([4, 1, 3, 2].median() == 3 && [3, 1, 2].median() == 2)
    }

    @Test func vacatedNamesAreNotUsedAgain() {
        var table = SlotTable<String, Int>()
        let first = table.insert(1)
        let second = table.insert(2)
        #expect(table.remove(first) == 1)
        let third = table.insert(3)
        #expect(third.index == first.index && third != first)
        #expect(!table.contains(first) && table.contains(third))
        #expect(table[second] == 2 && table[third] == 3 && table.count == 2)
        #expect(table.names == [third, second])
    }

    @Test func modelsTakeTheLowestFreeNumber() {
        var models = ModelTable<String>()
        let ids = ["a", "b", "c"].map { models.insert($0) }
        models.remove(ids[1])
        #expect(models.ids == [ids[0], ids[2]] && models.existing(ids[1]) == nil)
        #expect(models.insert("d") == ids[1] && models[ids[1]] == "d")
    }
}
