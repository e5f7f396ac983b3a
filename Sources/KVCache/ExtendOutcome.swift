/// What became of a sequence's wish for more tokens.
public enum ExtendOutcome: Hashable, Sendable {
    /// The pages are there; those from `firstNewPage` on, as counted in the block table, are new.
    case granted(firstNewPage: Int)
    /// The sequence may have the pages once `victim` is released. The victim may be the asking sequence itself.
    case needsPreemption(of: SequenceID)
    /// The model would exceed its quota, and no other model's pages are idle. Ask again when `KVManager.revision` rose.
    case exceedsQuota
    /// The sequence may have the pages, but those who must yield them are at work or come first. Leave it open and ask
    /// again after the next job.
    case blocked
    /// The whole pool, or a fixed quota, is smaller than what the sequence needs.
    case neverFits(pagesNeeded: Int, pages: Int)
}
