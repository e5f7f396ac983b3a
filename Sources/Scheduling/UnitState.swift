import DequeModule
package import KVCache
package import Quantities

/// The name of a sequence in its unit.
typealias SequenceIndex = Slot<SequenceState>

/// A sequence on its way through a unit.
struct SequenceState: Sendable {
    enum Status: Sendable {
        /// Has no pages, but for a prefix that the index had.
        case waiting
        /// Has pages for all its tokens, some not computed.
        case prefilling
        /// All its tokens but the last one drawn are computed.
        case running
    }

    let request: RequestID
    let model: ModelID
    let rank: SequenceRank
    let sender: Sender
    let arrival: Seconds
    var status = Status.waiting
    var isAtWork = false
    /// How it ends as soon as its job is done.
    var pendingEnd: SequenceEnd?
    var table: BlockTableID?
    /// Tokens known, prompt and output.
    var total: Int
    /// The total at which the sequence is complete.
    let limit: Int
    /// Leading tokens whose keys and values are in the pages.
    var computed = 0
    /// The tokens themselves, where they are known.
    var tokens: [TokenID]
}

/// A model's queues in a unit, as policies see them.
package struct ModelState: Sendable {
    package let id: ModelID
    package internal(set) var settings: ModelSettings
    /// The job at work in each phase; a phase has one at a time.
    package internal(set) var prefillJob: JobID?
    package internal(set) var decodeJob: JobID?
    /// Prefill jobs that started while the model's decode was ready and did not.
    package internal(set) var timesPassedOver = 0
    /// When the last decode job started.
    package internal(set) var lastDecode: Seconds = 0
    /// The measured time of a prefill job per token, smoothed; `nil` before the first.
    package internal(set) var prefillSecondsPerToken: Seconds?
    /// When the last request came.
    package internal(set) var lastUse: Seconds
    /// It takes no more requests and leaves with its last one.
    package internal(set) var isDraining = false

    /// Sequences without pages, by rank.
    var waiting = Deque<SequenceIndex>()
    /// Sequences with pages and tokens to compute, by rank.
    var prefilling: [SequenceIndex] = []
    /// Sequences that decode, by rank.
    var running: [SequenceIndex] = []
    /// The revision of the pool at which the first waiting sequence was refused.
    var refusedAt: UInt64?
    /// How many held pages when `maxSequences` was lowered.
    var mostHolders = 0

    init(id: ModelID, settings: ModelSettings, lastUse: Seconds) {
        self.id = id
        self.settings = settings
        self.lastUse = lastUse
    }

    /// Whether a prefill job could start, pages and share permitting.
    package var canPrefill: Bool {
        prefillJob == nil && (!prefilling.isEmpty || !waiting.isEmpty && holders < settings.maxSequences)
    }

    /// Whether a decode job could start, pages and share permitting.
    package var canDecode: Bool { decodeJob == nil && !running.isEmpty }

    package var waitingCount: Int { waiting.count }
    /// Sequences between admission and their first token.
    package var prefillingCount: Int { prefilling.count }
    package var runningCount: Int { running.count }
    package var requestCount: Int { waiting.count + holders }

    /// Sequences that hold pages to be computed.
    var holders: Int { prefilling.count + running.count }

    /// Block tables that its sequences may have at once.
    var mostTables: Int { max(settings.maxSequences, holders) }
}

/// A unit's queues, jobs and pages: what policies decide on, and the means by which they start jobs.
///
/// Queues are kept by model and by rank, so that a decision looks at models and at the sequences that it launches.
package struct UnitState: Sendable {
    package internal(set) var kv: KVManager
    /// The tenths that jobs may take together: ten, and what the unit may be overloaded by.
    package let capacity: Int
    /// The tenths that jobs at work take.
    package internal(set) var committed = 0
    /// Prefill jobs at work.
    package internal(set) var prefillJobs = 0

    var models = ModelTable<ModelState>()
    var sequences = SlotTable<SequenceState, SequenceState>()
    var byRequest: [RequestID: SequenceIndex] = [:]
    var byTable: [BlockTableID: SequenceIndex] = [:]
    var jobs: [JobID: Job] = [:]
    var nextAge: UInt64 = 0
    var turns = FairTurns()
    var nextJob: UInt64 = 0
    /// What the event at hand has brought about.
    var actions: [Action] = []
    var launched: [Job] = []

    init(kv: KVManager, capacity: Int) {
        self.kv = kv
        self.capacity = capacity
    }

    package var freeTenths: Int { capacity - committed }
    package var isIdle: Bool { jobs.isEmpty }
    /// Requests not yet ended.
    package var requestCount: Int { byRequest.count }

    /// A model's queues; the model must be there.
    package internal(set) subscript(model: ModelID) -> ModelState {
        _read { yield models[model] }
        _modify { yield &models[model] }
    }

    /// The queues of a model that may be gone.
    package func existing(_ model: ModelID) -> ModelState? { models.existing(model) }

    /// All models once, those behind `last` first.
    package func modelsInTurn(after last: ModelID?) -> [ModelID] {
        let ids = models.ids
        let first = ids.firstIndex { $0.index > last?.index ?? -1 } ?? ids.count
        return Array(ids[first...] + ids[..<first])
    }

    /// The sequence that the model's next prefill job begins with; `nil` if there is none.
    func firstToPrefill(_ model: ModelID) -> SequenceState? {
        (self[model].prefilling.first ?? self[model].waiting.first).map { sequences[$0] }
    }

    /// The rank of the model's first running sequence; `nil` if there is none.
    func firstToDecode(_ model: ModelID) -> SequenceRank? { self[model].running.first.map { sequences[$0].rank } }

    // MARK: Queues

    mutating func enqueue(_ arrival: Arrival) {
        precondition(byRequest[arrival.request] == nil, "request \(arrival.request.number) is here already")
        guard existing(arrival.model)?.isDraining == false else {
            actions.append(.end(arrival.request, .failed(.modelUnloaded)))
            return
        }
        let cost = arrival.promptTokens + min(arrival.maxTokens, Self.costliestOutput)
        let turn = turns.turn(of: arrival.sender.name, cost: cost)
        let index = sequences.insert(
            SequenceState(
                request: arrival.request, model: arrival.model,
                rank: SequenceRank(priority: arrival.sender.priority, turn: turn, age: nextAge), sender: arrival.sender,
                arrival: kv.now, total: arrival.promptTokens, limit: arrival.promptTokens + arrival.maxTokens,
                tokens: arrival.prompt))
        nextAge += 1
        byRequest[arrival.request] = index
        wait(index)
        self[arrival.model].lastUse = kv.now
        updateDemand(of: arrival.model)
    }

    /// What an output counts at most before it is known. Chosen: a long answer; clients that name no limit would pay
    /// for a whole context.
    private static let costliestOutput = 1024

    /// Takes the pages of a sequence at rest; it waits again, at its place by rank.
    mutating func preempt(_ index: SequenceIndex) {
        let (model, wasWaiting) = (sequences[index].model, sequences[index].status == .waiting)
        leaveQueue(index)
        releasePages(of: index)
        sequences[index].status = .waiting
        sequences[index].computed = 0
        wait(index)
        updateDemand(of: model)
        if !wasWaiting { actions.append(.preempt(sequences[index].request)) }
    }

    /// Puts a sequence among those that wait. The one that was first, and perhaps refused, is not asked before the new
    /// one has its pages: it holds none meanwhile, not even those of its prefix.
    private mutating func wait(_ index: SequenceIndex) {
        let model = sequences[index].model, place = place(of: index, in: self[model].waiting)
        if place == 0, let first = self[model].waiting.first {
            releasePages(of: first)
            sequences[first].computed = 0
            self[model].refusedAt = nil
        }
        self[model].waiting.insert(index, at: place)
    }

    /// Ends a sequence: now if it is at rest, else with its job.
    mutating func end(_ index: SequenceIndex, _ end: SequenceEnd) {
        if sequences[index].isAtWork {
            sequences[index].pendingEnd = sequences[index].pendingEnd ?? end
            return
        }
        let sequence = remove(index)
        actions.append(.end(sequence.request, end))
        removeIfDrained(sequence.model)
    }

    /// Forgets a sequence at rest.
    mutating func remove(_ index: SequenceIndex) -> SequenceState {
        leaveQueue(index)
        releasePages(of: index)
        let sequence = sequences.remove(index)
        byRequest[sequence.request] = nil
        updateDemand(of: sequence.model)
        return sequence
    }

    mutating func adjust(_ model: ModelID, to settings: ModelSettings) {
        guard models.contains(model) else { return }
        let old = self[model].settings
        precondition(
            settings.shape == old.shape && settings.chunksPrompts == old.chunksPrompts,
            "a model's shape stays as it was loaded")
        self[model].settings = settings
        self[model].mostHolders = self[model].holders
        kv.setWeight(settings.weight, of: model)
        updateDemand(of: model)
    }

    mutating func drain(_ model: ModelID) {
        guard models.contains(model) else { return }
        self[model].isDraining = true
        removeIfDrained(model)
    }

    /// Removes a model that is draining and has nothing left.
    mutating func removeIfDrained(_ model: ModelID) {
        guard models.contains(model), self[model].isDraining, self[model].requestCount == 0,
            self[model].prefillJob == nil, self[model].decodeJob == nil
        else { return }
        models.remove(model)
        kv.remove(model)
        actions.append(.drained(model))
    }

    /// The place by rank that a sequence has, or should have, in a queue.
    ///
    /// - Complexity: O(log n).
    func place<Queue: RandomAccessCollection<SequenceIndex>>(
        of index: SequenceIndex, in queue: Queue
    ) -> Int where Queue.Index == Int {
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if sequences[queue[middle]].rank < sequences[index].rank { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Says whether a model's requests wait for pages; those beyond its sequence limit do not.
    mutating func updateDemand(of model: ModelID) {
        let hasRoom = self[model].holders < self[model].settings.maxSequences
        kv.setDemand(hasRoom && !self[model].waiting.isEmpty, of: model)
    }

    /// Takes a sequence out of the queue that it is in.
    mutating func leaveQueue(_ index: SequenceIndex) {
        let model = sequences[index].model
        let removed =
            switch sequences[index].status {
            case .waiting: self[model].waiting.remove(at: place(of: index, in: self[model].waiting))
            case .prefilling: self[model].prefilling.remove(at: place(of: index, in: self[model].prefilling))
            case .running: self[model].running.remove(at: place(of: index, in: self[model].running))
            }
        precondition(removed == index, "a sequence is not in its queue")
    }

    private mutating func releasePages(of index: SequenceIndex) {
        guard let table = sequences[index].table else { return }
        kv.release(table)
        byTable[table] = nil
        sequences[index].table = nil
    }
}
