import Access
import Testing

struct KeyUseTests {
    @Test func requestsComeBackEvenly() {
        var use = KeyUse(UseLimits(requestsPerMinute: 60), at: 0)
        for _ in 0..<60 { #expect(use.begin(at: 0) == nil) }
        let refusal = use.begin(at: 0)
        #expect(refusal?.kind == .requests && refusal?.limit == 60)
        #expect(abs((refusal?.retryAfter ?? 0) - 1) < 1e-9)
        #expect(use.begin(at: 0.9) != nil)
        #expect(use.begin(at: 1.1) == nil)
        // What came back in an hour is no more than a minute's.
        let admitted = (0..<100).count { _ in use.begin(at: 3600) == nil }
        #expect(admitted == 60)
    }

    @Test func tokensMayBeOwed() {
        var use = KeyUse(UseLimits(tokensPerMinute: 600), at: 0)
        #expect(use.begin(at: 0) == nil)
        use.charge(tokens: 900, at: 0)
        let refusal = use.begin(at: 0)
        #expect(refusal?.kind == .tokens)
        // 301 tokens at ten a second.
        #expect(abs((refusal?.retryAfter ?? 0) - 30.1) < 1e-9)
        #expect(use.left(at: 0).map(\.remaining) == [0])
        #expect(use.begin(at: 30.2) == nil)
    }

    @Test func runningRequestsAreCounted() {
        var use = KeyUse(UseLimits(concurrentRequests: 2), at: 0)
        #expect(use.begin(at: 0) == nil && use.begin(at: 0) == nil)
        #expect(use.begin(at: 100)?.kind == .concurrentRequests)
        use.end()
        #expect(use.begin(at: 100) == nil && use.running == 2)
    }

    @Test func aRefusedRequestCostsNothing() {
        var use = KeyUse(UseLimits(requestsPerMinute: 60, concurrentRequests: 1), at: 0)
        #expect(use.begin(at: 0) == nil)
        for _ in 0..<100 { #expect(use.begin(at: 0) != nil) }
        #expect(use.left(at: 0).first?.remaining == 59)
    }

    @Test func withoutLimitsNothingIsRefused() {
        var use = KeyUse(UseLimits(), at: 0)
        for _ in 0..<10_000 { #expect(use.begin(at: 0) == nil) }
        #expect(use.left(at: 0).isEmpty)
    }

    /// A clock that is read by several threads may seem to go back.
    @Test("Fault 27: time that goes back gives nothing")
    func timeThatGoesBackGivesNothing() {
        var use = KeyUse(UseLimits(requestsPerMinute: 1), at: 10)
        #expect(use.begin(at: 10) == nil)
        for time in [9.0, 10, 5, 11] { #expect(use.begin(at: time) != nil) }
        #expect(use.begin(at: 71) == nil)
    }

    @Test func otherLimitsKeepWhatRuns() {
        var use = KeyUse(UseLimits(concurrentRequests: 5), at: 0)
        #expect(use.begin(at: 0) == nil && use.begin(at: 0) == nil)
        var other = use.under(UseLimits(requestsPerMinute: 1, concurrentRequests: 2), at: 1)
        #expect(other.begin(at: 1)?.kind == .concurrentRequests)
        other.end()
        #expect(other.begin(at: 1) == nil)
        #expect(other.begin(at: 1)?.kind == .concurrentRequests)
    }
}
