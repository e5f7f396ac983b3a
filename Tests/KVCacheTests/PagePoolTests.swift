import KVCache
import Quantities
import Testing

struct PagePoolTests {
    private func take(_ count: Int, from pool: inout PagePool) -> [PageID] {
        var pages: [PageID] = []
        pool.allocate(count, into: &pages)
        return pages
    }

    @Test func handsOutEachPageOnce() {
        var pool = PagePool(pageCount: 3)
        #expect(take(2, from: &pool) + take(1, from: &pool) == [0, 1, 2])
        #expect(pool.freeCount == 0)
    }

    @Test func lastHolderFreesAndLastFreedIsNext() {
        var pool = PagePool(pageCount: 5)
        let pages = take(3, from: &pool)
        pool.retain([0])
        pool.release(pages)
        #expect(pool.referenceCount(of: 0) == 1)
        #expect(pool.freeCount == 4)
        pool.release([0])
        #expect(take(4, from: &pool) == [0, 1, 2, 3])
    }

    /// Prints what a page costs in pools of different size; nothing is asserted of the time.
    @Test(arguments: [1_000, 1_000_000])
    func costDoesNotGrowWithThePool(pages: Int) {
        var pool = PagePool(pageCount: pages)
        let rounds = 5_000
        let time = ContinuousClock().measure {
            for _ in 0..<rounds { pool.release(take(100, from: &pool)) }
        }
        #expect(pool.freeCount == pages)
        print("a pool of \(pages) pages: \(time / (100 * rounds)) to allocate and free a page")
    }
}
