/// A sequence that holds, or may hold, pages. It names a slot and the slot's generation, so that no identifier is used
/// twice.
public struct SequenceID: Hashable, Sendable {
    /// The slot's number: small, dense, reused.
    public let index: Int32
    let generation: UInt32
}
