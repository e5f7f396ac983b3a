import Quantities
import Workloads

/// A request in a unit of MuxServe's code.
struct ReferenceSequence {
    let promptTokens: Int
    let outputTokens: Int
    let model: Int
    /// Tokens drawn; an eviction loses them.
    var generated = 0
    /// Blocks of 32 tokens that it holds.
    var blocks = 0
    var prefillEnd: Seconds?
    var finish: Seconds?
    var evictions = 0

    /// Tokens whose keys and values the next step reads and writes.
    var length: Int { promptTokens + generated }
    /// Whether that step takes another block.
    var needsBlock: Bool { length > blocks * 32 }
}
