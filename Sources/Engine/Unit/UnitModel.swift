import KVCache
import Scheduling
import Transformer

/// A model at work in a unit.
struct UnitModel: Sendable {
    let id: ModelID
    let llama: LlamaModel
    let served: ServedModel
}

extension ModelSettings {
    init(_ configuration: ModelConfiguration, shape: KVShape) {
        self.init(
            shape: shape, weight: configuration.rate,
            shares: PhaseShares(prefill: Share(configuration.shares[0]), decode: Share(configuration.shares[1])),
            maxSequences: configuration.maxSequences, maxBatchedTokens: configuration.chunk)
    }
}
