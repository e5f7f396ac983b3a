import KVCache
import Workloads

/// A sequence on its way through a unit.
struct SequenceState: Sendable {
    enum Status: Sendable {
        /// Ended; the entry is free for another.
        case vacant
        /// Has no pages, but for a prefix that the index had.
        case waiting
        /// Has pages for all its tokens, some not computed.
        case prefilling
        /// All its tokens but the last one drawn are computed.
        case running
    }

    /// Why a sequence must end as soon as its job is done.
    enum Doom: Sendable {
        case cancelled
        case unloaded
    }

    var request: RequestID
    var model: Int
    var age: UInt64
    var arrival: Seconds
    var status = Status.waiting
    var isAtWork = false
    var doom: Doom?
    var pages: SequenceID?
    /// Tokens known, prompt and output.
    var total: Int
    /// The total at which the sequence is complete.
    var limit: Int
    /// Leading tokens whose keys and values are in the pages.
    var computed = 0
    /// The tokens themselves as far as somebody said them.
    var tokens: [Int32]
}
