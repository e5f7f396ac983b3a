import DequeModule
public import KVCache
public import Workloads

/// A model's queues in a unit, as policies see them.
public struct ModelState: Sendable {
    public let id: ModelID
    public let settings: ModelSettings
    /// The job at work in each phase; a phase has one at a time.
    public internal(set) var prefillJob: JobID?
    public internal(set) var decodeJob: JobID?
    /// Prefill jobs that started while the model's decode was ready and did not.
    public internal(set) var timesPassedOver = 0
    /// When the last decode job started.
    public internal(set) var lastDecode: Seconds = 0
    /// The measured time of a prefill job per token, smoothed; `nil` before the first.
    public internal(set) var prefillSecondsPerToken: Seconds?

    /// Sequences without pages, by age.
    var waiting = Deque<Int>()
    /// Sequences with pages and tokens to compute, by age.
    var prefilling: [Int] = []
    /// Sequences that decode, by age.
    var running: [Int] = []
    /// The revision of the pool at which the first waiting sequence was refused.
    var refusedAt: UInt64?
    var isLeaving = false

    init(id: ModelID, settings: ModelSettings) {
        self.id = id
        self.settings = settings
    }

    /// Whether a prefill job could start, pages and share permitting.
    public var canPrefill: Bool {
        prefillJob == nil && (!prefilling.isEmpty || !waiting.isEmpty && holders < settings.maxSequences)
    }

    /// Whether a decode job could start, pages and share permitting.
    public var canDecode: Bool { decodeJob == nil && !running.isEmpty }

    public var waitingCount: Int { waiting.count }
    /// Sequences between admission and their first token.
    public var prefillingCount: Int { prefilling.count }
    public var runningCount: Int { running.count }

    /// Sequences that hold pages to be computed.
    var holders: Int { prefilling.count + running.count }
}
