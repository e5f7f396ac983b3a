import Logging
import OrderedCollections
import Quantities
import Routing
import Synchronization

/// A routing table at work: events go in under a lock, and what shall be done reaches the requests that it is about.
final class Dispatcher: Sendable {
    /// What a request shall do next.
    enum Order: Sendable {
        /// Once `recalled` opens, the attempt is given up, and the next order says what else to do.
        case send(attempt: Int, to: Incarnation, url: String, recalled: Latch)
        case refuse(Refusal)
    }

    /// What was done so far.
    struct Counters: Sendable {
        /// Requests that were taken in.
        var requests = 0
        /// Attempts beyond the first of a request, by whether its client had a part of the answer.
        var retries = 0
        var resumed = 0
        /// Requests that ended without an answer of a worker.
        var refused = 0
    }

    private struct Inbox {
        let orders: AsyncStream<Order>.Continuation
        /// Of the attempt under way.
        var recalled: Latch?
    }

    private struct State {
        var table: RoutingTable
        var inboxes: [RequestNumber: Inbox] = [:]
        var counters = Counters()
        /// Refusals that stand in the log already.
        var complaints: Set<String> = []
    }

    private let clock: @Sendable () -> Seconds
    private let state: Mutex<State>
    private let logger: Logger

    init(version: String, limits: RoutingTable.Limits, logger: Logger) {
        let start = ContinuousClock.now
        clock = { (ContinuousClock.now - start) / .seconds(1) }
        state = Mutex(State(table: RoutingTable(version: version, limits: limits, at: 0)))
        self.logger = logger
    }

    // MARK: Workers

    /// - Throws: `AnnouncementRefusal`, which goes to the log once.
    func announce(_ announcement: Announcement) throws(AnnouncementRefusal) -> AnnouncementReply {
        let result = state.withLock { state -> Result<(AnnouncementReply, isNews: Bool), AnnouncementRefusal> in
            let before = state.table.workers[announcement.worker.name]
            do throws(AnnouncementRefusal) {
                let (reply, actions) = try state.table.announce(announcement, at: clock())
                carryOut(actions, &state)
                let isKnown =
                    before?.announcement.worker == announcement.worker && before?.isLost == false
                    && before?.announcement.state == announcement.state
                return .success((reply, isNews: !isKnown))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let (reply, isNews)):
            if isNews {
                logger.info(
                    "worker \(announcement.state.rawValue)",
                    metadata: [
                        "worker": "\(announcement.worker.name)", "epoch": "\(announcement.worker.epoch)",
                        "models": "\(announcement.models.joined(separator: " "))",
                    ])
            }
            return reply
        case .failure(let refusal):
            complain(refusal.description)
            throw refusal
        }
    }

    func withdraw(_ worker: Incarnation) {
        state.withLock { $0.table.withdraw(worker) }
        logger.info("worker withdrew", metadata: ["worker": "\(worker.name)", "epoch": "\(worker.epoch)"])
    }

    /// - Returns: whether there is such a worker.
    func setDraining(_ isDraining: Bool, _ worker: String) -> Bool {
        state.withLock { state in
            guard let actions = state.table.setDraining(isDraining, worker, at: clock()) else { return false }
            carryOut(actions, &state)
            return true
        }
    }

    /// Lets time pass, until it is cancelled.
    func run() async throws {
        while true {
            // Chosen: what waits for a time waits for seconds.
            try await Task.sleep(for: .milliseconds(100))
            state.withLock { state in carryOut(state.table.tick(at: clock()), &state) }
        }
    }

    /// Writes a line that may come again and again, once.
    func complain(_ text: String) {
        let isNew = state.withLock { state in
            // Chosen: more kinds of trouble at once than an operator reads.
            if state.complaints.count >= 64 { state.complaints = [] }
            return state.complaints.insert(text).inserted
        }
        if isNew { logger.warning("\(text.escapingControls)") }
    }

    /// The workers in the order in which they came.
    var workers: [RoutingTable.Worker] { state.withLock { Array($0.table.workers.values) } }
    /// Those that take requests now.
    var able: [RoutingTable.Worker] {
        state.withLock { state in
            let now = clock()
            return state.table.workers.values.filter { $0.takesRequests(at: now) }
        }
    }
    var models: [String] { state.withLock { Array($0.table.models) } }
    var isReady: Bool { state.withLock { $0.table.isReady(at: clock()) } }
    var waiting: Int { state.withLock { $0.table.waiting.count } }
    var counters: Counters { state.withLock { $0.counters } }

    // MARK: Requests

    /// Takes a request in, which is there until nobody holds the dispatch any more.
    func open(_ demand: Demand) -> Dispatch {
        let (orders, inlet) = AsyncStream.makeStream(of: Order.self)
        let number = state.withLock { state in
            let (number, actions) = state.table.arrived(demand, at: clock())
            state.inboxes[number] = Inbox(orders: inlet)
            state.counters.requests += 1
            carryOut(actions, &state)
            return number
        }
        return Dispatch(self, number, orders)
    }

    fileprivate func began(_ number: RequestNumber, _ attempt: Int) -> Bool {
        state.withLock { state in
            guard let actions = state.table.began(number, attempt: attempt, at: clock()) else { return false }
            carryOut(actions, &state)
            return true
        }
    }

    fileprivate func failed(_ number: RequestNumber, _ attempt: Int, _ failure: Failure) {
        state.withLock { state in
            carryOut(state.table.failed(number, attempt: attempt, failure, at: clock()), &state)
        }
    }

    fileprivate func ended(_ number: RequestNumber) {
        state.withLock { state in
            state.inboxes[number] = nil
            carryOut(state.table.ended(number, at: clock()), &state)
        }
    }

    private func carryOut(_ actions: [RoutingTable.Action], _ state: inout State) {
        for action in actions {
            switch action {
            case .send(let number, let attempt, let worker, let url):
                let recalled = Latch()
                state.inboxes[number]?.recalled?.open()
                state.inboxes[number]?.recalled = recalled
                state.inboxes[number]?.orders.yield(
                    .send(attempt: attempt, to: worker, url: url, recalled: recalled))
                if attempt > 1 { state.counters.retries += 1 }
                if attempt > 1, state.table.requests[number]?.hasBegun == true { state.counters.resumed += 1 }
            case .recall(let number): state.inboxes[number]?.recalled?.open()
            case .refuse(let number, let refusal):
                state.inboxes[number]?.recalled?.open()
                state.inboxes[number]?.orders.yield(.refuse(refusal))
                state.counters.refused += 1
            }
        }
    }
}

/// One request on its way through the workers, until nobody holds this any more.
final class Dispatch: Sendable {
    private let dispatcher: Dispatcher
    private let number: RequestNumber
    private let orders: AsyncStream<Dispatcher.Order>

    fileprivate init(_ dispatcher: Dispatcher, _ number: RequestNumber, _ orders: AsyncStream<Dispatcher.Order>) {
        (self.dispatcher, self.number, self.orders) = (dispatcher, number, orders)
    }

    deinit { dispatcher.ended(number) }

    /// What to do next; `nil` where the task was cancelled.
    func next() async -> Dispatcher.Order? {
        var iterator = orders.makeAsyncIterator()
        return await iterator.next()
    }

    /// The first part of the answer is about to go to the client.
    ///
    /// - Returns: `false` where the attempt was given up: the next order says what to do.
    func began(_ attempt: Int) -> Bool { dispatcher.began(number, attempt) }

    /// The next order says what to do.
    func failed(_ attempt: Int, _ failure: Failure) { dispatcher.failed(number, attempt, failure) }
}
