import OrderedCollections
import Quantities
import Routing
import Testing

/// What holds after any events: random histories of workers that come, go, fail, drain and come back, and of requests.
struct RoutingHistoryTests {
    /// A router that carries out what its table says, and keeps books of its own.
    private struct History {
        var random: SplitMix64
        var table: RoutingTable
        var now = 0.0
        /// The greatest epoch that each name announced or withdrew past.
        var floors: [String: Int] = [:]
        /// Whom this router's operator drained, and who of them was told.
        var draining: Set<String> = []
        var obeying: Set<String> = []
        /// Requests without an end: their attempt and worker, or `nil` while they wait, and whether they began.
        var open: [RequestNumber: (attempt: Int, worker: Incarnation?, hasBegun: Bool, isRepeatable: Bool)] = [:]
        var ends = 0
        var arrivals = 0

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            var limits = RoutingTable.Limits()
            limits.waiting = 20
            table = RoutingTable(version: "1", limits: limits, at: 0)
        }

        mutating func run(events: Int) {
            for _ in 0..<events {
                now += random.unit() * 0.4
                step()
                let faults = table.audit(at: now)
                if !faults.isEmpty { Issue.record("\(faults)") }
            }
            // Nobody is heard any more, and nobody answers: all must end.
            for _ in 0..<600 {
                now += 0.25
                carryOut(table.tick(at: now))
                for (number, request) in open where request.worker != nil {
                    let failure: Failure = request.attempt % 2 == 0 ? .broken : .unreachable
                    carryOut(table.failed(number, attempt: request.attempt, failure, at: now))
                }
            }
            #expect(open.isEmpty && table.requests.isEmpty && table.waiting.isEmpty)
            #expect(ends == arrivals)
        }

        private mutating func step() {
            let name = "w\(random.integer(in: 0...3))"
            switch random.integer(in: 0...12) {
            case 0...2: announce(name)
            case 3:
                if let worker = table.workers[name]?.announcement.worker, random.unit() < 0.3 {
                    table.withdraw(worker)
                    floors[name] = worker.epoch + 1
                    forget(name)
                }
            case 4:
                let isOn = random.unit() < 0.6
                guard let actions = table.setDraining(isOn, name, at: now) else { return }
                if isOn { draining.insert(name) } else { draining.remove(name) }
                carryOut(actions)
            case 5:
                carryOut(table.tick(at: now))
                // Nor does a router know a worker again that it had given up, and that it never told.
                for name in draining where table.workers[name] == nil && !obeying.contains(name) { forget(name) }
            case 6...8: arrive()
            default: answer()
            }
        }

        private mutating func announce(_ name: String) {
            let known = floors[name] ?? 1
            let epoch = max(1, known + random.integer(in: -1...(random.unit() < 0.2 ? 1 : 0)))
            let obeys = obeying.contains(name) && epoch == known
            let announcement = RoutingTableTests.worker(
                name, epoch: epoch, state: obeys ? .draining : random.unit() < 0.1 ? .loading : .ready,
                models: random.unit() < 0.5 ? ["m"] : ["m", "n"], requests: random.integer(in: 0...4))
            do {
                let (reply, actions) = try table.announce(announcement, at: now)
                #expect(epoch >= known, "an old epoch was heard")
                if epoch > known { forget(name) }
                floors[name] = epoch
                if let drain = reply.drain {
                    #expect(drain == draining.contains(name))
                    if drain { obeying.insert(name) } else { obeying.remove(name) }
                }
                carryOut(actions)
            } catch {
                #expect(epoch < known, "\(error)")
            }
        }

        /// Another incarnation knows nothing of what was asked of one before.
        private mutating func forget(_ name: String) {
            draining.remove(name)
            obeying.remove(name)
        }

        private mutating func arrive() {
            var demand = Demand(
                model: random.unit() < 0.8 ? "m" : "n",
                work: ExpectedWork(promptTokens: random.integer(in: 1...999), mostOutputTokens: nil),
                isRepeatable: random.unit() < 0.5)
            if random.unit() < 0.7 { demand.prefix = PrefixHash("\(random.integer(in: 0...5))") }
            let (number, actions) = table.arrived(demand, at: now)
            arrivals += 1
            open[number] = (0, nil, false, demand.isRepeatable)
            carryOut(actions)
        }

        /// Something is told of an attempt, perhaps of one that was given up long ago.
        private mutating func answer() {
            guard let (number, request) = open.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
                return
            }
            if random.unit() < 0.1 {
                let stale = request.attempt - 1
                #expect(table.failed(number, attempt: stale, .broken, at: now) == [])
                #expect(table.began(number, attempt: stale, at: now) == nil)
                return
            }
            guard request.worker != nil else {
                if random.unit() < 0.1 { end(number) }
                return
            }
            switch random.integer(in: 0...9) {
            case 0...3:
                open[number]?.hasBegun = true
                guard let actions = table.began(number, attempt: request.attempt, at: now) else {
                    Issue.record("an attempt under way counts as given up")
                    return
                }
                carryOut(actions)
            case 4: carryOut(table.failed(number, attempt: request.attempt, .broken, at: now))
            case 5 where !request.hasBegun:
                carryOut(table.failed(number, attempt: request.attempt, .unreachable, at: now))
            case 6 where !request.hasBegun:
                carryOut(table.failed(number, attempt: request.attempt, .declined, at: now))
            default: end(number)
            }
        }

        private mutating func end(_ number: RequestNumber) {
            open[number] = nil
            ends += 1
            carryOut(table.ended(number, at: now))
        }

        private mutating func carryOut(_ actions: [RoutingTable.Action]) {
            for action in actions {
                switch action {
                case .send(let number, let attempt, let worker, _):
                    guard let request = open[number] else {
                        Issue.record("a request is sent that has ended")
                        continue
                    }
                    #expect(attempt == request.attempt + 1)
                    #expect(worker.epoch == floors[worker.name], "a fenced epoch was chosen")
                    #expect(!draining.contains(worker.name), "a drained worker got something")
                    #expect(!request.hasBegun || request.isRepeatable, "a client would get two answers")
                    open[number] = (attempt, worker, request.hasBegun, request.isRepeatable)
                case .recall(let number): #expect(table.waiting.contains(number))
                case .refuse(let number, _):
                    #expect(open.removeValue(forKey: number) != nil, "a request ends twice")
                    ends += 1
                }
            }
            // What the table took back waits.
            for (number, _) in open where table.waiting.contains(number) { open[number]?.worker = nil }
        }
    }

    @Test(arguments: 0..<100)
    func whateverHappens(_ seed: Int) {
        var history = History(seed: UInt64(seed))
        history.run(events: 400)
        #expect(history.arrivals > 30)
    }
}
