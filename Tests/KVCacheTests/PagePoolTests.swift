import KVCache
import Testing

struct PagePoolTests {
    @Test func handsOutEachPageOnce() {
        var pool = PagePool(pageCount: 3)
        #expect([pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()] == [0, 1, 2, nil])
        #expect(pool.freeCount == 0)
    }

    @Test func lastHolderFreesAndLastFreedIsNext() {
        var pool = PagePool(pageCount: 4)
        _ = pool.allocate()
        _ = pool.allocate()
        pool.retain(0)
        pool.release(0)
        #expect(pool.referenceCount(of: 0) == 1)
        pool.release(0)
        pool.release(1)
        #expect(pool.freeCount == 4)
        #expect([pool.allocate(), pool.allocate(), pool.allocate()] == [1, 0, 2])
    }

    /// Prints what a page costs in pools of different size; nothing is asserted of the time.
    @Test(arguments: [1_000, 1_000_000])
    func costDoesNotGrowWithThePool(pages: Int) {
        var pool = PagePool(pageCount: pages)
        let rounds = 500_000
        let time = ContinuousClock().measure {
            for _ in 0..<rounds {
                if let page = pool.allocate() { pool.release(page) }
            }
        }
        #expect(pool.freeCount == pages)
        print("a pool of \(pages) pages: \(time / rounds) to allocate and free a page")
    }
}
