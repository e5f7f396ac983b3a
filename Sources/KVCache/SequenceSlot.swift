/// One open sequence's side of the books; the slot outlives it and is used again.
struct SequenceSlot: Sendable {
    var generation: UInt32 = 0
    var isOpen = false
    var model = 0
    var age: UInt64 = 0
    /// A job at work reads or writes the pages.
    var isPinned = false
    var table: BlockTable
    /// The prefix index's nodes of the leading blocks.
    var chain: [ChainLink] = []
    /// Neighbours by age among the model's open sequences, -1 where there is none.
    var older: Int32 = -1
    var newer: Int32 = -1
}

/// A leading block's node in the prefix index.
struct ChainLink: Sendable {
    var node: Int
    /// The block has pages of its own beside the node's: two sequences computed
    /// the same tokens at the same time.
    var isTwin: Bool
}
