import DequeModule
public import KVCache
import Workloads

/// A unit's queues, jobs and pages: what policies decide on, and the means by which they start jobs.
///
/// Queues are kept by model and by age, so that a decision looks at models and at the sequences that it launches.
public struct UnitState: Sendable {
    public internal(set) var kv: KVManager
    /// The tenths that jobs may take together: ten, and what the unit may be overloaded by.
    public let capacity: Int
    /// The tenths that jobs at work take.
    public internal(set) var committed = 0
    /// Prefill jobs at work.
    public internal(set) var prefillJobs = 0

    var models: [ModelState?] = []
    var sequences: [SequenceState] = []
    var vacant: [Int] = []
    var numbers: [RequestID: Int] = [:]
    /// The sequence of each slot of the pool's books.
    var numberOfPages: [Int] = []
    var jobs: [JobID: (job: Job, start: Seconds)] = [:]
    var nextAge: UInt64 = 0
    var nextJob: UInt64 = 0
    var actions: [Action] = []

    init(kv: KVManager, capacity: Int) {
        self.kv = kv
        self.capacity = capacity
    }

    public var freeTenths: Int { capacity - committed }
    public var isIdle: Bool { jobs.isEmpty }
    public var jobsAtWork: [Job] { jobs.values.map(\.job).sorted { $0.id.number < $1.id.number } }
    /// Requests not yet ended.
    public var requestCount: Int { numbers.count }

    /// A model's queues; `nil` if there is no such model.
    public subscript(model: ModelID) -> ModelState? {
        models.indices.contains(model.index) ? models[model.index] : nil
    }

    /// All models once, those behind `last` first.
    public func modelsInTurn(after last: ModelID?) -> [ModelID] {
        let first = (last?.index ?? -1) + 1
        return models.indices.compactMap { models[(first + $0) % models.count]?.id }
    }

    /// Where a request's keys and values are; `nil` while it waits.
    public func table(of request: RequestID) -> BlockTable? {
        numbers[request].flatMap { sequences[$0].pages }.map { kv.table(of: $0) }
    }

    /// The age of the sequence that the model's next prefill job begins with; `nil` if there is none.
    func oldestToPrefill(_ model: ModelID) -> SequenceState? {
        guard let state = self[model], let number = state.prefilling.first ?? state.waiting.first else { return nil }
        return sequences[number]
    }

    /// The age of the model's oldest running sequence; `nil` if there is none.
    func oldestToDecode(_ model: ModelID) -> UInt64? {
        self[model]?.running.first.map { sequences[$0].age }
    }
}
