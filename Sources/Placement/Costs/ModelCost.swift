/// The times of a model on some devices.
package struct ModelCost: Hashable, Sendable {
    /// Of a batch of prompts at once.
    package let prefill: PhaseCost
    /// Of one token for each sequence of a batch.
    package let decode: PhaseCost
}
