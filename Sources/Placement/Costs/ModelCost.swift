/// The times of a model on some devices.
public struct ModelCost: Hashable, Sendable {
    /// Of a batch of prompts at once.
    public let prefill: PhaseCost
    /// Of one token for each sequence of a batch.
    public let decode: PhaseCost
}
