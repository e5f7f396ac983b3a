public import KVCache

/// What a unit wants done, in this order.
public enum Action: Hashable, Sendable {
    case launch(Job)
    /// The sequence lost its pages and waits again; whoever keeps its tokens goes on keeping them.
    case preempt(RequestID)
    /// The sequence has ended and holds nothing any more.
    case finish(RequestID, Completion)
    case fail(RequestID, SequenceFailure)
    /// The model has no sequence, page or job any more.
    case unloaded(ModelID)
}

/// How a sequence ended well.
public enum Completion: Hashable, Sendable {
    case completed
    case cancelled
}

/// Why a sequence broke off.
public enum SequenceFailure: Hashable, Sendable {
    /// The pool, or the model's fixed quota, is smaller than what the sequence needs.
    case poolTooSmall(pagesNeeded: Int, pages: Int)
    case modelUnloaded
}
