import OrderedCollections
import Quantities
import Routing
import Testing

/// What single events lead to.
struct RoutingTableTests {
    static func worker(
        _ name: String, epoch: Int = 1, state: Announcement.State = .ready, models: [String] = ["m"],
        requests: Int = 0, version: String = "1"
    ) -> Announcement {
        Announcement(
            Incarnation(name: name, epoch: epoch), url: "http://\(name)", version: version, state: state,
            models: models, requests: requests)
    }

    private static let demand = Demand(model: "m", work: ExpectedWork(promptTokens: 10, mostOutputTokens: 10))

    /// A table that hears workers at 100, long after it settled.
    private func table(_ names: String..., limits: RoutingTable.Limits = .init()) throws -> RoutingTable {
        var table = RoutingTable(version: "1", limits: limits, at: 0)
        for name in names { _ = try table.announce(Self.worker(name), at: 100) }
        return table
    }

    private func target(_ actions: [RoutingTable.Action]) -> String? {
        if case .send(_, _, let worker, _)? = actions.first { worker.name } else { nil }
    }

    @Test func anOldIncarnationIsFencedOff() throws {
        var table = try table("a")
        let (number, first) = table.arrived(Self.demand, at: 100)
        #expect(target(first) == "a")
        let (_, actions) = try table.announce(Self.worker("a", epoch: 2), at: 101)
        // What the old one had and nobody has seen is sent to the new one.
        #expect(actions == [.send(number, attempt: 2, to: Incarnation(name: "a", epoch: 2), url: "http://a")])
        #expect(throws: AnnouncementRefusal.fenced(name: "a", epoch: 1)) {
            _ = try table.announce(Self.worker("a", epoch: 1), at: 102)
        }
        table.withdraw(Incarnation(name: "a", epoch: 2))
        #expect(throws: AnnouncementRefusal.fenced(name: "a", epoch: 2)) {
            _ = try table.announce(Self.worker("a", epoch: 2), at: 103)
        }
        _ = try table.announce(Self.worker("a", epoch: 3), at: 104)
        #expect(table.audit(at: 104) == [])
    }

    @Test func otherVersionsAndWildLeasesAreRefused() throws {
        var table = try table()
        let refusal = #expect(throws: AnnouncementRefusal.self) {
            _ = try table.announce(Self.worker("a", version: "2"), at: 1)
        }
        #expect(refusal?.description == "worker a is weft 2, and this router is weft 1: run the same version on both")
        var forever = Self.worker("a")
        forever.lease = 1e9
        #expect(throws: AnnouncementRefusal.wrongLease(name: "a")) { _ = try table.announce(forever, at: 1) }
        #expect(table.workers.isEmpty)
    }

    @Test func aFailedAttemptGoesElsewhereAndThenWaits() throws {
        var table = try table("a", "b")
        let (number, first) = table.arrived(Self.demand, at: 100)
        let one = try #require(target(first))
        let second = table.failed(number, attempt: 1, .broken, at: 100)
        let two = try #require(target(second))
        #expect(Set([one, two]) == ["a", "b"])
        // Both failed: it waits until one may be tried again, and then until its attempts are used up.
        #expect(table.failed(number, attempt: 2, .broken, at: 100) == [])
        #expect(table.tick(at: 100.9) == [])
        #expect(target(table.tick(at: 101)) != nil)
        #expect(table.failed(number, attempt: 3, .broken, at: 101) == [.refuse(number, .allFailed)])
        #expect(table.requests.isEmpty && table.audit(at: 101) == [])
    }

    /// Whoever could not be reached has nothing of a request: others are tried as long as it may wait.
    @Test func noConnectionIsNoTry() throws {
        var table = try table("a", "b", "c", "d", "e")
        let (number, first) = table.arrived(Self.demand, at: 100)
        var actions = first, tried: Set<String> = []
        for attempt in 1...5 {
            tried.insert(try #require(target(actions)))
            actions = table.failed(number, attempt: attempt, .unreachable, at: 100)
        }
        #expect(tried == ["a", "b", "c", "d", "e"] && actions == [] && table.waiting == [number])
        // Trials of those that are left alone do not begin its waiting anew.
        var (attempt, end) = (5, [RoutingTable.Action]())
        for second in 101...110 {
            var actions = table.tick(at: Double(second))
            while target(actions) != nil {
                attempt += 1
                actions = table.failed(number, attempt: attempt, .unreachable, at: Double(second))
            }
            end += actions
        }
        #expect(attempt > 5 && end == [.refuse(number, .noWorkerInTime)] && table.audit(at: 110) == [])
    }

    @Test func whoDeclinesIsNotAskedAgain() throws {
        var table = try table("a", "b")
        let (number, _) = table.arrived(Self.demand, at: 100)
        #expect(target(table.failed(number, attempt: 1, .declined, at: 100)) != nil)
        #expect(table.failed(number, attempt: 2, .declined, at: 100) == [.refuse(number, .declined)])
        // Others are still sent there.
        #expect(target(table.arrived(Self.demand, at: 100).actions) != nil)
    }

    @Test func aWorkerThatFailedIsTriedWithOneRequest() throws {
        var table = try table("a")
        let (one, _) = table.arrived(Self.demand, at: 100)
        _ = table.failed(one, attempt: 1, .broken, at: 100)
        let (two, waits) = table.arrived(Self.demand, at: 100)
        #expect(waits == [])
        #expect(table.tick(at: 101) == [.send(one, attempt: 2, to: .init(name: "a", epoch: 1), url: "http://a")])
        let served = table.began(one, attempt: 2, at: 102)
        #expect(served == [.send(two, attempt: 1, to: .init(name: "a", epoch: 1), url: "http://a")])
    }

    @Test func aLostWorkersRequestsMoveIfTheyCan() throws {
        var table = try table("a")
        var repeatable = Self.demand
        repeatable.isRepeatable = true
        let (plain, _) = table.arrived(Self.demand, at: 100)
        let (begun, _) = table.arrived(Self.demand, at: 100)
        let (again, _) = table.arrived(repeatable, at: 100)
        for number in [begun, again] { _ = table.began(number, attempt: 1, at: 101) }
        // Nobody else is there: they wait, and what their attempts may still bring is nobody's.
        #expect(table.tick(at: 105) == [.recall(plain), .recall(again)])
        #expect(table.began(plain, attempt: 1, at: 105) == nil)
        #expect(table.waiting == [plain, again])
        #expect(!table.isReady(at: 105))
        let (_, actions) = try table.announce(Self.worker("b"), at: 106)
        #expect(actions.count == 2 && table.isReady(at: 106) && table.audit(at: 106) == [])
        // What is late of an attempt that was given up changes nothing.
        #expect(table.failed(plain, attempt: 1, .broken, at: 106) == [])
        _ = try table.announce(Self.worker("b"), at: 134)
        #expect(table.tick(at: 135) == [.refuse(begun, .brokeOff(worker: "a"))])
        #expect(table.workers.keys == ["b"])
    }

    @Test func aDrainedWorkerGetsNothingNewUntilItsOwnWordHolds() throws {
        var table = try table("a", "b")
        #expect(table.setDraining(true, "a", at: 100) == [])
        #expect(table.setDraining(true, "c", at: 100) == nil)
        for _ in 0..<8 { #expect(target(table.arrived(Self.demand, at: 100).actions) == "b") }
        #expect(try table.announce(Self.worker("a"), at: 101).reply.drain == true)
        #expect(try table.announce(Self.worker("a", state: .draining), at: 102).reply.drain == nil)
        #expect(target(table.arrived(Self.demand, at: 102).actions) == "b")
        _ = table.setDraining(false, "a", at: 103)
        #expect(try table.announce(Self.worker("a", state: .draining), at: 103).reply.drain == false)
        #expect(target(table.arrived(Self.demand, at: 103).actions) == "b")
        #expect(try table.announce(Self.worker("a"), at: 104).reply.drain == nil)
        #expect(target(table.arrived(Self.demand, at: 104).actions) == "a")
    }

    @Test func withoutAWorkerWaitingEnds() throws {
        var table = RoutingTable(version: "1", at: 0)
        let (early, none) = table.arrived(Self.demand, at: 1)
        #expect(none == [])
        #expect(table.tick(at: 5) == [.refuse(early, .noWorkers)])
        let (late, refused) = table.arrived(Self.demand, at: 6)
        #expect(refused == [.refuse(late, .noWorkers)])
        _ = try table.announce(Self.worker("a", models: ["x"]), at: 7)
        let (other, unknown) = table.arrived(Self.demand, at: 7)
        #expect(unknown == [.refuse(other, .modelNotFound)])
        _ = try table.announce(Self.worker("a", state: .loading), at: 8)
        let (patient, waits) = table.arrived(Self.demand, at: 8)
        #expect(waits == [])
        _ = try table.announce(Self.worker("a", state: .loading), at: 12)
        _ = try table.announce(Self.worker("a", state: .loading), at: 16)
        #expect(table.tick(at: 18) == [.refuse(patient, .noWorkerInTime)])
    }

    @Test func theQueueIsBounded() throws {
        var limits = RoutingTable.Limits()
        limits.waiting = 2
        var table = RoutingTable(version: "1", limits: limits, at: 0)
        for _ in 0..<2 { #expect(table.arrived(Self.demand, at: 0).actions == []) }
        let (number, actions) = table.arrived(Self.demand, at: 0)
        #expect(actions == [.refuse(number, .tooManyWait)])
    }
}

/// Who takes what.
struct ReplicaChoiceTests {
    private func demand(_ text: String?, prompt: Int = 10) -> Demand {
        Demand(
            model: "m", work: ExpectedWork(promptTokens: prompt, mostOutputTokens: 10),
            prefix: text.map { PrefixHash($0) })
    }

    @Test func equalBeginningsGoToOneReplicaWhileItIsNotMuchBusier() throws {
        let names = ["a", "b", "c"]
        let idle = names.map { Replica(name: $0, work: 0) }
        let text = String(repeating: "You are a kind helper. ", count: 20)
        let first = try #require(demand(text).choice(among: idle))
        #expect(demand(text + "Other words.").choice(among: idle) == first)
        #expect(demand(text).choice(among: idle.reversed()) == 2 - first)
        var busy = idle
        busy[first].work = 500
        #expect(demand(text, prompt: 400).choice(among: busy) != first)
        #expect(demand(text, prompt: 600).choice(among: busy) == first)
        #expect(demand(nil).choice(among: busy) != first)
        #expect(demand(nil).choice(among: []) == nil)
    }

    @Test func otherBeginningsSpread() {
        let idle = (0..<4).map { Replica(name: "w\($0)", work: 0) }
        let counts = (0..<400).reduce(into: [0, 0, 0, 0]) { counts, index in
            if let chosen = demand("prompt \(index)").choice(among: idle) { counts[chosen] += 1 }
        }
        #expect(counts.allSatisfy { $0 > 60 }, "\(counts)")
    }

    /// A replica that goes takes only its own prefixes with it.
    @Test func aReplicaLessMovesNoOther() {
        let all = (0..<4).map { Replica(name: "w\($0)", work: 0) }
        for index in 0..<100 {
            let before = demand("\(index)").choice(among: all).map { all[$0].name }
            let rest = all.filter { $0.name != "w2" }
            let after = demand("\(index)").choice(among: rest).map { rest[$0].name }
            #expect(before == after || before == "w2")
        }
    }
}
