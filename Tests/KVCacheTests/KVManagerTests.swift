import KVCache
import Quantities
import Testing

struct KVManagerTests {
    /// Pages of 1 KiB hold four tokens of a head of 64 elements in half precision.
    private func shape(layers: Int = 1, kvHeads: Int = 1) throws -> KVShape {
        try KVShape(layers: layers, kvHeads: kvHeads, headSize: 64, pageBytes: 1024)
    }

    private func manager(pages: Int) -> KVManager { KVManager(pages: pages, pageBytes: 1024) }

    @Test func tablesGrowAtTheEnd() throws {
        var kv = manager(pages: 12)
        let model = try kv.add(shape(layers: 2, kvHeads: 2), weight: 1)
        let sequence = kv.open(model, rank: 0)
        #expect(kv.extend(sequence, to: 3, for: .admission) == .granted(firstNewPage: 0))
        let before = kv[sequence].pages
        #expect(kv.extend(sequence, to: 4, for: .step) == .granted(firstNewPage: 4))
        #expect(kv.extend(sequence, to: 5, for: .step) == .granted(firstNewPage: 4))
        let table = kv[sequence]
        #expect(table.pages.prefix(4) == before[...])
        #expect(table.page(block: 1, layer: 1, kvHead: 0) == table.pages[6])
        #expect(kv.usage == PoolUsage(free: 4, held: 8, cached: 0))
        #expect(kv.usage(of: model)?.fragmentation == 3.0 / 8)
    }

    @Test func largerThanThePoolNeverFits() throws {
        var kv = manager(pages: 10)
        let model = try kv.add(shape(), weight: 1)
        let sequence = kv.open(model, rank: 0)
        #expect(kv.extend(sequence, to: 41, for: .admission) == .neverFits(pagesNeeded: 11, pages: 10))
        #expect(kv.extend(sequence, to: 40, for: .admission) == .granted(firstNewPage: 0))
    }

    @Test func modelsThatCannotBeServedAreRefused() throws {
        var kv = manager(pages: 10)
        #expect(throws: KVError.poolTooSmall(firstBlock: 11, pages: 10)) {
            try kv.add(shape(layers: 11), weight: 1)
        }
        #expect(throws: KVError.pageSizeMismatch(shape: 16_384, pool: 1024)) {
            try kv.add(KVShape(layers: 1, kvHeads: 1, headSize: 64), weight: 1)
        }
    }

    @Test func statesStandInFrontOfTheBlocks() throws {
        var kv = manager(pages: 12)
        let recurrent = try KVShape(layers: 2, kvHeads: 1, headSize: 64, pageBytes: 1024, statePages: 3)
        #expect([0, 4, 5].map(recurrent.pages(for:)) == [3, 5, 7])
        #expect([2, 6, 7].map(recurrent.tokens(in:)) == [0, 4, 8])
        let model = try kv.add(recurrent, weight: 1)
        let sequence = kv.open(model, rank: 0)
        #expect(kv.extend(sequence, to: 3, for: .admission) == .granted(firstNewPage: 0))
        #expect(kv.extend(sequence, to: 5, for: .step) == .granted(firstNewPage: 5))
        let table = kv[sequence]
        #expect([table.pages.count, table.blockCount, table.capacity] == [7, 2, 8])
        #expect(table.pages(ofBlock: 1) == table.pages[5..<7])
        #expect(table.page(block: 1, layer: 1, kvHead: 0) == table.pages[6])
        #expect(kv.usage == PoolUsage(free: 5, held: 7, cached: 0))
        #expect(kv.usage(of: model)?.fragmentation == 3.0 / 8)
        #expect(kv.shortage(of: model, for: 17).map { [$0.needed, $0.most] } == [13, 12])
        kv.release(sequence)
        #expect(kv.usage.free == 12 && kv.audit() == [])
        #expect(throws: KVError.poolTooSmall(firstBlock: 13, pages: 12)) {
            try kv.add(KVShape(layers: 1, kvHeads: 1, headSize: 64, pageBytes: 1024, statePages: 12), weight: 1)
        }
    }

    /// Two of three layers read six tokens; a page holds four.
    @Test func windowedLayersKeepTheirLastBlocks() throws {
        var kv = manager(pages: 40)
        let windowed = try KVShape(
            layers: 3, kvHeads: 1, headSize: 64, pageBytes: 1024, window: KVWindow(layers: 2, tokens: 6))
        #expect([1, 2, 4, 5, 8].map(windowed.windowBlocks(chunk:)) == [3, 3, 3, 4, 4])
        let model = try kv.add(windowed, weight: 1, chunk: 8)
        let sequence = kv.open(model, rank: 0)
        #expect(kv.extend(sequence, to: 40, for: .admission) == .granted(firstNewPage: 0))
        #expect(kv.usage == PoolUsage(free: 22, held: 18, cached: 0))
        let table = kv[sequence]
        #expect(table.pages.count == 30)
        #expect(Set((0..<10).map { table.page(block: $0, layer: 0, kvHead: 0) }).count == 10)
        for block in 4..<10 {
            #expect(table.pages(ofBlock: block).suffix(2) == table.pages(ofBlock: block - 4).suffix(2))
        }
        #expect(kv.audit() == [])

        kv.endPrompt(of: sequence)
        #expect(kv.usage == PoolUsage(free: 24, held: 16, cached: 0))
        #expect(kv.extend(sequence, to: 41, for: .step) == .granted(firstNewPage: 30))
        #expect(kv.usage.held == 17)
        #expect(kv[sequence].pages(ofBlock: 10).suffix(2) == kv[sequence].pages(ofBlock: 7).suffix(2))
        #expect(kv.audit() == [])
        kv.release(sequence)
        #expect(kv.usage.free == 40)
    }

    /// What can begin fits, however long it is.
    @Test func windowsCountForWhatFits() throws {
        var kv = manager(pages: 18)
        let windowed = try KVShape(
            layers: 3, kvHeads: 1, headSize: 64, pageBytes: 1024, window: KVWindow(layers: 2, tokens: 6))
        let model = try kv.add(windowed, weight: 1, chunk: 8)
        #expect(kv.shortage(of: model, for: 40) == nil)
        #expect([18, 17, 12, 2].map { windowed.mostTokens(in: $0, chunk: 8) } == [40, 36, 16, 0])
        #expect(kv.shortage(of: model, for: 41).map { [$0.needed, $0.most] } == [19, 18])
        let whole = try kv.add(windowed, weight: 1)
        #expect(kv.shortage(of: whole, for: 25).map { [$0.needed, $0.most] } == [21, 18])
    }

    /// Where every layer is windowed a long sequence grows without a page.
    @Test func windowsAloneNeedNoFurtherPage() throws {
        var kv = manager(pages: 4)
        let windowed = try KVShape(
            layers: 1, kvHeads: 1, headSize: 64, pageBytes: 1024, window: KVWindow(layers: 1, tokens: 4))
        let model = try kv.add(windowed, weight: 1, chunk: 1)
        let sequence = kv.open(model, rank: 0)
        for tokens in 1...400 {
            guard case .granted = kv.extend(sequence, to: tokens, for: .step) else {
                Issue.record("refused at \(tokens)")
                return
            }
        }
        #expect(kv.usage.held == 2 && kv.audit() == [])
    }

    /// Gemma 3's shape: 26 layers of one KV head of 256, of which each sixth keeps all. Prints the share of the pages
    /// that 8,192 tokens would take without windows, in prefill and behind it.
    @Test(arguments: [(window: 512, most: 0.25), (window: 1024, most: 0.27)])
    func aWindowedModelHoldsAQuarter(window: Int, most: Double) throws {
        let whole = try KVShape(layers: 26, kvHeads: 1, headSize: 256)
        let shape = try KVShape(
            layers: 26, kvHeads: 1, headSize: 256, window: KVWindow(layers: 22, tokens: window))
        var kv = KVManager(pages: 20_000)
        let model = try kv.add(shape, weight: 1, chunk: 256)
        let sequence = kv.open(model, rank: 0)
        #expect(kv.extend(sequence, to: 8191, for: .admission) == .granted(firstNewPage: 0))
        let all = Double(whole.pages(for: 8192)), prefill = Double(kv.usage.held) / all
        #expect(kv.usage.held == shape.mostPages(for: 8192, chunk: 256))
        kv.endPrompt(of: sequence)
        _ = kv.extend(sequence, to: 8192, for: .step)
        let held = Double(kv.usage.held) / all
        print("a window of \(window): \(prefill) of the pages in prefill, \(held) behind it")
        #expect(held < most)
        #expect(kv.audit() == [])
    }

    /// A state of as many pages as 2,048 tokens have doubles what is due.
    @Test func statesCountForQuotas() throws {
        var kv = manager(pages: 900)
        let plain = try kv.add(shape(), weight: 1)
        let recurrent = try kv.add(
            KVShape(layers: 1, kvHeads: 1, headSize: 64, pageBytes: 1024, statePages: 512), weight: 1)
        #expect(kv.usage(of: plain)?.quota == 300)
        #expect(kv.usage(of: recurrent)?.quota == 600)
    }

    @Test func quotasFollowRateLayersAndHeads() throws {
        var kv = manager(pages: 1000)
        let small = try kv.add(shape(layers: 2, kvHeads: 2), weight: 1)
        let large = try kv.add(shape(layers: 4, kvHeads: 3), weight: 3)
        #expect(kv.usage(of: small)?.quota == 100)
        #expect(kv.usage(of: large)?.quota == 900)
        kv.remove(large)
        #expect(kv.usage(of: small)?.quota == 1000)
        #expect(kv.usage(of: large) == nil)
    }

    @Test func idlePagesAreLentAndTakenBack() throws {
        var kv = manager(pages: 100)
        let lender = try kv.add(shape(), weight: 1)
        let borrower = try kv.add(shape(), weight: 1)
        for age in 0..<9 {
            let sequence = kv.open(borrower, rank: SequenceRank(age: UInt64(age)))
            #expect(kv.extend(sequence, to: 40, for: .admission) == .granted(firstNewPage: 0))
        }
        #expect(kv.usage(of: borrower)?.borrowed == 40)

        kv.setDemand(true, of: lender)
        let refused = kv.open(borrower, rank: 9)
        #expect(kv.extend(refused, to: 40, for: .admission) == .exceedsQuota)
        kv.release(refused)

        let first = kv.open(lender, rank: 10)
        #expect(kv.extend(first, to: 40, for: .admission) == .granted(firstNewPage: 0))
        let second = kv.open(lender, rank: 11)
        guard case .needsPreemption(let victim) = kv.extend(second, to: 40, for: .admission) else {
            Issue.record("the borrower should yield")
            return
        }
        #expect(kv[victim].shape == (try shape()))
        kv.release(victim)
        #expect(kv.extend(second, to: 40, for: .admission) == .granted(firstNewPage: 0))
        #expect(kv.usage(of: borrower)?.borrowed == 30)
        #expect(kv.audit() == [])
    }

    @Test func pinnedSequencesDoNotYield() throws {
        var kv = manager(pages: 10)
        let a = try kv.add(shape(), weight: 1)
        let b = try kv.add(shape(), weight: 1)
        let busy = kv.open(a, rank: 1)
        #expect(kv.extend(busy, to: 40, for: .admission) == .granted(firstNewPage: 0))
        kv.setPinned(true, busy)
        let older = kv.open(b, rank: 0)
        #expect(kv.extend(older, to: 4, for: .admission) == .blocked)
        kv.setPinned(false, busy)
        #expect(kv.extend(older, to: 4, for: .admission) == .needsPreemption(of: busy))
        let younger = kv.open(a, rank: 2)
        #expect(kv.extend(younger, to: 4, for: .admission) == .exceedsQuota)
    }

    @Test func whatAnOlderSequenceClaimsIsNotGivenAway() throws {
        var kv = manager(pages: 10)
        let a = try kv.add(shape(), weight: 1)
        let b = try kv.add(shape(), weight: 1)
        let c = try kv.add(shape(), weight: 1)
        let busy = kv.open(a, rank: 1)
        #expect(kv.extend(busy, to: 36, for: .admission) == .granted(firstNewPage: 0))
        kv.setPinned(true, busy)
        let older = kv.open(b, rank: 0)
        #expect(kv.extend(older, to: 8, for: .admission) == .blocked)
        let younger = kv.open(c, rank: 2)
        #expect(kv.extend(younger, to: 4, for: .admission) == .blocked)
        kv.setPinned(false, busy)
        kv.release(busy)
        #expect(kv.extend(older, to: 8, for: .admission) == .granted(firstNewPage: 0))
        #expect(kv.extend(younger, to: 4, for: .admission) == .granted(firstNewPage: 0))
    }

    @Test("Fault 22: quotas adapt to use and come back")
    func quotasAdaptToUseAndComeBack() throws {
        var kv = manager(pages: 1000)
        let quiet = try kv.add(shape(), weight: 1)
        let busy = try kv.add(shape(), weight: 1)
        kv.setDemand(true, of: busy)
        for _ in 0..<30 { kv.adaptQuotas() }
        let lent = try #require(kv.usage(of: busy)?.quota)
        #expect(lent > 900 && lent <= 1000)
        kv.setDemand(true, of: quiet)
        for _ in 0..<30 { kv.adaptQuotas() }
        #expect(kv.usage(of: quiet)?.quota == 500)
        #expect(kv.audit() == [])
    }

    /// An encoder beside a model with pages: it is due none, its sequences grow without any, and it yields none.
    @Test func aModelWithoutPagesTakesNone() throws {
        var kv = KVManager(pages: 8)
        let encoder = try kv.add(.withoutPages(), weight: 3)
        #expect(kv.usage(of: encoder)?.quota == 0)
        let models = try (0..<2).map { _ in try kv.add(KVShape(layers: 2, kvHeads: 1, headSize: 64), weight: 1) }
        #expect(kv.usage(of: encoder)?.quota == 0)
        #expect(models.map { kv.usage(of: $0)?.quota } == [4, 4])
        let text = (0..<5000).map { TokenID($0) }
        for age in 0..<3 {
            let sequence = kv.open(encoder, rank: SequenceRank(age: UInt64(age)), prompt: text)
            #expect(kv[sequence].tokenCount == 0)
            #expect(kv.extend(sequence, to: text.count, for: .admission) == .granted(firstNewPage: 0))
            kv.publish(text, computed: text.count, of: sequence)
            #expect(kv[sequence].pages.isEmpty)
            #expect(kv[sequence].tokenCount == text.count)
        }
        #expect(kv.shortage(of: encoder, for: 1 << 20) == nil)
        #expect(kv.usage == PoolUsage(free: 8, held: 0, cached: 0))
        #expect(kv.audit() == [])
        // Its sequences have nothing to yield to one that needs pages.
        let holder = kv.open(models[0], rank: 10), waiting = kv.open(models[1], rank: 11)
        #expect(kv.extend(holder, to: 64 * 4, for: .admission) == .granted(firstNewPage: 0))
        #expect(kv.extend(waiting, to: 64, for: .step) == .blocked)
        #expect(kv.audit() == [])
    }
}
