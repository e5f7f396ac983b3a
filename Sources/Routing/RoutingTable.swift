package import OrderedCollections
package import Quantities

/// A router's decisions: events go in, actions come out. It knows workers by what they announce, and requests by what
/// they demand.
///
/// ```swift
/// var table = RoutingTable(version: "0.1.0", at: now)
/// let (reply, actions) = try table.announce(announcement, at: now)
/// let (request, more) = table.arrived(demand, at: now)
/// for case .send(let request, let attempt, let worker, let url) in actions + more { … }   // then began, failed, ended
/// ```
///
/// Whoever drives it carries the actions out, tells how each attempt went, and calls `tick` a few times a second.
package struct RoutingTable: Sendable {
    /// A request that the router has.
    package struct Request: Sendable {
        let demand: Demand
        /// Times that it was sent.
        var attempt = 0
        /// Of these, those that could not reach a worker.
        var unreached = 0
        /// Who has it; `nil` while it waits.
        var worker: Incarnation?
        /// Its client has a part of the answer.
        package fileprivate(set) var hasBegun = false
        /// Who failed it; they come last when it is sent again.
        var failed: Set<Incarnation> = []
        /// Who did not want it; they are not asked again.
        var declined: Set<Incarnation> = []
        /// When waiting ends that began since a worker had it; `nil` where it has not waited since.
        var deadline: Seconds?

        /// Times that a worker may have had it.
        var tries: Int { attempt - unreached }
    }

    /// A worker as it last announced itself, and what was seen of it.
    package struct Worker: Sendable {
        package fileprivate(set) var announcement: Announcement
        /// When its lease is over.
        package fileprivate(set) var expiry: Seconds
        /// Its lease is over, and it may still come back.
        package fileprivate(set) var isLost = false
        /// What an operator of this router wants, and the worker has not taken up yet.
        fileprivate var drainWish: Bool?
        /// Attempts that failed since its last answer.
        package internal(set) var failures = 0
        var suspectUntil = -Seconds.infinity
        /// The one request that it got since it failed.
        var trial: RequestNumber?
        /// Expected work, and requests, that this router has there.
        package internal(set) var work = 0.0
        package internal(set) var requests = 0
        /// Requests of others there.
        package fileprivate(set) var foreignRequests = 0

        package var isDraining: Bool { drainWish ?? (announcement.state == .draining) }

        /// Whether it takes new requests. One that failed is left alone for a while, then tried with one request, and
        /// is well again with a real answer.
        package func takesRequests(at now: Seconds) -> Bool {
            !isLost && announcement.state == .ready && !isDraining && now >= suspectUntil
                && (failures == 0 || trial == nil)
        }
    }

    /// What shall be done.
    package enum Action: Sendable, Hashable {
        /// Sends a request; an attempt that is under way for it elsewhere is given up.
        case send(RequestNumber, attempt: Int, to: Incarnation, url: String)
        /// Gives up the attempt that is under way for a request, which waits.
        case recall(RequestNumber)
        /// Ends a request without an answer.
        case refuse(RequestNumber, Refusal)
    }

    package struct Limits: Sendable {
        /// Seconds that a request waits for a worker. Chosen: a worker that is killed is back within ten, with its
        /// packed weights in its cache; clients wait longer.
        package var hold: Seconds = 10
        /// Requests that wait. Chosen: as many as there are connections.
        package var waiting = 1024
        /// Times that a worker may have a request. Chosen: one that kills whoever takes it must not kill them all.
        package var attempts = 3
        /// Seconds after its lease until a worker is given up, with streams that cannot be had elsewhere: it may be
        /// only its announcements that do not come through.
        package var lossPatience: Seconds = 30
        /// Seconds after the start in which workers may not have been heard yet.
        package var settling: Seconds = Announcement.usualLease

        package init() {}
    }

    package let version: String
    package let limits: Limits
    private let start: Seconds
    package private(set) var workers: OrderedDictionary<String, Worker> = [:]
    /// For each name the least epoch that is heard: what came before is fenced off. It grows by one entry for each
    /// name that ever announced itself.
    private(set) var floors: [String: Int] = [:]
    package private(set) var requests: [RequestNumber: Request] = [:]
    /// Those that wait, oldest first.
    package private(set) var waiting: [RequestNumber] = []
    private var lastNumber = 0

    package init(version: String, limits: Limits = Limits(), at now: Seconds) {
        (self.version, self.limits, start) = (version, limits, now)
    }

    // MARK: Workers

    /// Hears a worker.
    ///
    /// - Throws: `AnnouncementRefusal`; then nothing has changed.
    package mutating func announce(
        _ announcement: Announcement, at now: Seconds
    ) throws(AnnouncementRefusal) -> (reply: AnnouncementReply, actions: [Action]) {
        let (name, epoch) = (announcement.worker.name, announcement.worker.epoch)
        guard announcement.version == version else {
            throw .wrongVersion(name: name, theirs: announcement.version, ours: version)
        }
        guard epoch >= floors[name] ?? .min else { throw .fenced(name: name, epoch: epoch) }
        guard (1...60).contains(announcement.lease) else { throw .wrongLease(name: name) }
        floors[name] = epoch
        var actions: [Action] = []
        let before = workers[name]
        var worker = Worker(announcement: announcement, expiry: now + announcement.lease)
        if let before, before.announcement.worker == announcement.worker {
            worker = before
            (worker.announcement, worker.expiry, worker.isLost) = (announcement, now + announcement.lease, false)
            if worker.drainWish == (announcement.state == .draining) { worker.drainWish = nil }
        }
        worker.foreignRequests = max(0, announcement.requests - worker.requests)
        workers[name] = worker
        if let before, before.announcement.worker != announcement.worker {
            actions += recall(from: before.announcement.worker, at: now)
        }
        return (AnnouncementReply(drain: worker.drainWish), actions + serveWaiting(at: now))
    }

    /// A worker goes: what it has it still answers.
    package mutating func withdraw(_ worker: Incarnation) {
        floors[worker.name] = max(floors[worker.name] ?? .min, worker.epoch + 1)
        if workers[worker.name]?.announcement.worker == worker { workers.removeValue(forKey: worker.name) }
    }

    /// Gives a worker nothing new, or something again.
    ///
    /// - Returns: whether there is such a worker.
    package mutating func setDraining(_ isDraining: Bool, _ name: String, at now: Seconds) -> [Action]? {
        guard workers[name] != nil else { return nil }
        workers[name]?.drainWish = isDraining
        return serveWaiting(at: now)
    }

    /// Lets time pass: leases end, and so does waiting.
    package mutating func tick(at now: Seconds) -> [Action] {
        var actions: [Action] = []
        for (name, worker) in workers where worker.expiry <= now {
            if !worker.isLost {
                workers[name]?.isLost = true
                actions += recall(from: worker.announcement.worker, at: now)
            }
            if worker.expiry + limits.lossPatience <= now {
                for number in requests(at: worker.announcement.worker) {
                    actions.append(end(number, .brokeOff(worker: name)))
                }
                workers.removeValue(forKey: name)
            }
        }
        for number in waiting where requests[number]?.deadline.map({ $0 <= now }) == true {
            actions.append(end(number, isKnown(number) ? .noWorkerInTime : unknown))
        }
        return actions + serveWaiting(at: now)
    }

    /// Whether each model that any worker has is served by one that takes requests.
    package func isReady(at now: Seconds) -> Bool {
        let known = Set(workers.values.flatMap(\.announcement.models))
        let served = workers.values.filter { !$0.isLost && $0.announcement.state == .ready && !$0.isDraining }
        return !known.isEmpty && known.isSubset(of: served.flatMap(\.announcement.models))
    }

    /// All names of models that workers have, in the order in which they were heard.
    package var models: OrderedSet<String> { OrderedSet(workers.values.flatMap(\.announcement.models)) }

    /// Sends elsewhere what a worker had that may be had elsewhere.
    private mutating func recall(from worker: Incarnation, at now: Seconds) -> [Action] {
        requests(at: worker).flatMap { number -> [Action] in
            guard let request = requests[number], !request.hasBegun || request.demand.isRepeatable else { return [] }
            release(number)
            requests[number]?.failed.insert(worker)
            requests[number]?.deadline = nil
            let actions = dispatch(number, at: now)
            return actions.isEmpty ? [.recall(number)] : actions
        }
    }

    private func requests(at worker: Incarnation) -> [RequestNumber] {
        requests.filter { $0.value.worker == worker }.keys.sorted()
    }

    // MARK: Requests

    /// Takes a request in.
    package mutating func arrived(_ demand: Demand, at now: Seconds) -> (number: RequestNumber, actions: [Action]) {
        lastNumber += 1
        let number = RequestNumber(value: lastNumber)
        requests[number] = Request(demand: demand)
        return (number, dispatch(number, at: now))
    }

    /// The first part of an answer came, and is about to go to the client.
    ///
    /// - Returns: `nil` where the attempt was given up: nothing of it may go to the client.
    package mutating func began(_ number: RequestNumber, attempt: Int, at now: Seconds) -> [Action]? {
        guard let worker = current(number, attempt) else { return nil }
        requests[number]?.hasBegun = true
        guard let known = workers[worker.name], known.announcement.worker == worker, known.failures > 0 else {
            return []
        }
        workers[worker.name]?.failures = 0
        workers[worker.name]?.suspectUntil = -.infinity
        workers[worker.name]?.trial = nil
        return serveWaiting(at: now)
    }

    /// An attempt failed. That of one that was given up is ignored.
    package mutating func failed(
        _ number: RequestNumber, attempt: Int, _ failure: Failure, at now: Seconds
    ) -> [Action] {
        guard let worker = current(number, attempt) else { return [] }
        release(number)
        if failure == .unreachable {
            requests[number]?.unreached += 1
        } else {
            requests[number]?.deadline = nil
        }
        switch failure {
        case .declined: requests[number]?.declined.insert(worker)
        case .broken, .unreachable:
            requests[number]?.failed.insert(worker)
            guard workers[worker.name]?.announcement.worker == worker else { break }
            let failures = (workers[worker.name]?.failures ?? 0) + 1
            workers[worker.name]?.failures = failures
            // A second is what a connection that was cut by chance takes to be forgotten; a worker that always fails is
            // tried four times a minute.
            workers[worker.name]?.suspectUntil = now + min(16, Double(1 << min(failures - 1, 4)))
        }
        if let request = requests[number], request.hasBegun, !request.demand.isRepeatable {
            return [end(number, .brokeOff(worker: worker.name))]
        }
        // That it is free for a trial may be what another waits for.
        return dispatch(number, at: now) + serveWaiting(at: now)
    }

    /// A request is answered, or its client has gone.
    package mutating func ended(_ number: RequestNumber, at now: Seconds) -> [Action] {
        guard requests[number] != nil else { return [] }
        remove(number)
        return serveWaiting(at: now)
    }

    private func current(_ number: RequestNumber, _ attempt: Int) -> Incarnation? {
        requests[number].flatMap { $0.attempt == attempt ? $0.worker : nil }
    }

    /// Sends a request that nobody has, or lets it wait, or ends it.
    private mutating func dispatch(_ number: RequestNumber, at now: Seconds) -> [Action] {
        guard let request = requests[number] else { return [] }
        let untried = request.tries < limits.attempts ? chosen(for: request, at: now) : nil
        if let worker = untried { return [send(number, to: worker)] }
        if request.tries >= limits.attempts || !request.declined.isEmpty {
            return [end(number, request.declined.isEmpty ? .allFailed : .declined)]
        }
        let isKnown = isKnown(number)
        guard isKnown || now < start + limits.settling else { return [end(number, unknown)] }
        guard waiting.count < limits.waiting else { return [end(number, .tooManyWait)] }
        let deadline = isKnown ? now + limits.hold : start + limits.settling
        requests[number]?.deadline = request.deadline ?? deadline
        waiting.insert(number, at: waiting.firstIndex { $0 > number } ?? waiting.endIndex)
        return []
    }

    /// Whether any worker has the model of a request.
    private func isKnown(_ number: RequestNumber) -> Bool {
        requests[number].map { request in
            workers.values.contains { $0.announcement.models.contains(request.demand.model) }
        } ?? false
    }

    private var unknown: Refusal { workers.isEmpty ? .noWorkers : .modelNotFound }

    /// Who takes a request now: of those that have not failed it, if there are any.
    private func chosen(for request: Request, at now: Seconds) -> Worker? {
        let able = workers.values.filter {
            $0.takesRequests(at: now) && $0.announcement.models.contains(request.demand.model)
                && !request.declined.contains($0.announcement.worker)
        }
        let fresh = able.filter { !request.failed.contains($0.announcement.worker) }
        let candidates = fresh.isEmpty ? able : fresh
        let replicas = candidates.map {
            Replica(
                name: $0.announcement.worker.name,
                work: $0.work + Double($0.foreignRequests) * ExpectedWork.usual.total)
        }
        return request.demand.choice(among: replicas).map { candidates[$0] }
    }

    private mutating func send(_ number: RequestNumber, to worker: Worker) -> Action {
        let to = worker.announcement.worker
        let attempt = (requests[number]?.attempt ?? 0) + 1
        requests[number]?.attempt = attempt
        requests[number]?.worker = to
        workers[to.name]?.requests += 1
        workers[to.name]?.work += requests[number]?.demand.work.total ?? 0
        if worker.failures > 0 { workers[to.name]?.trial = number }
        return .send(number, attempt: attempt, to: to, url: worker.announcement.url)
    }

    /// What can be sent now of what waits.
    private mutating func serveWaiting(at now: Seconds) -> [Action] {
        var actions: [Action] = []
        for number in waiting {
            guard let request = requests[number], let worker = chosen(for: request, at: now) else { continue }
            waiting.removeAll { $0 == number }
            actions.append(send(number, to: worker))
        }
        return actions
    }

    private mutating func end(_ number: RequestNumber, _ refusal: Refusal) -> Action {
        remove(number)
        return .refuse(number, refusal)
    }

    private mutating func remove(_ number: RequestNumber) {
        release(number)
        requests.removeValue(forKey: number)
        waiting.removeAll { $0 == number }
    }

    /// Takes a request from whoever has it.
    private mutating func release(_ number: RequestNumber) {
        guard let worker = requests[number]?.worker else { return }
        requests[number]?.worker = nil
        guard workers[worker.name]?.announcement.worker == worker else { return }
        workers[worker.name]?.requests -= 1
        workers[worker.name]?.work -= requests[number]?.demand.work.total ?? 0
        if workers[worker.name]?.trial == number { workers[worker.name]?.trial = nil }
    }
}

/// The number of a request in its router.
package struct RequestNumber: Sendable, Hashable, Comparable {
    fileprivate var value: Int

    package static func < (a: RequestNumber, b: RequestNumber) -> Bool { a.value < b.value }
}

/// How an attempt failed.
package enum Failure: Sendable, Hashable {
    /// The worker answered that it does not take this one now.
    case declined
    /// A connection that was cut: the worker may have it.
    case broken
    /// No connection: the worker has nothing of it.
    case unreachable
}

/// Why a request ends without an answer.
package enum Refusal: Sendable, Hashable {
    case noWorkers
    case modelNotFound
    /// Nobody who has the model took requests for as long as one waits.
    case noWorkerInTime
    case tooManyWait
    /// All who have the model declined: what the last of them said is the answer.
    case declined
    case allFailed
    /// A part of the answer is with the client, and the rest cannot be had.
    case brokeOff(worker: String)
}

extension RoutingTable {
    /// What must always hold, as one line for each thing that does not: for tests.
    package func audit(at now: Seconds) -> [String] {
        var faults: [String] = []
        func check(_ holds: Bool, _ what: @autoclosure () -> String) { if !holds { faults.append(what()) } }
        for (name, worker) in workers {
            let own = requests.values.filter { $0.worker == worker.announcement.worker }
            check(worker.requests == own.count, "\(name) counts \(worker.requests) requests and has \(own.count)")
            let work = own.reduce(0) { $0 + $1.demand.work.total }
            check(abs(worker.work - work) < 1e-6 * max(1, work), "\(name) counts \(worker.work) of work, not \(work)")
            check(worker.announcement.worker.epoch == floors[name], "\(name) is heard below its floor")
        }
        let idle = Set(requests.filter { $0.value.worker == nil }.keys)
        check(idle == Set(waiting) && idle.count == waiting.count, "\(idle.count) have nobody, \(waiting.count) wait")
        check(waiting == waiting.sorted(), "those that wait are out of order")
        check(waiting.count <= limits.waiting, "\(waiting.count) wait")
        for (_, request) in requests { check(request.tries <= limits.attempts, "tried \(request.tries) times") }
        return faults
    }
}
