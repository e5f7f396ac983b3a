import KVCache
import Scheduling
import Transformer

/// A model at work in a unit.
struct UnitModel: Sendable {
    let id: ModelID
    /// The network on each of the unit's lanes.
    let networks: [LlamaModel]
    let served: ServedModel

    /// What is the same on all lanes.
    var llama: LlamaModel { networks[0] }
}

extension ModelSettings {
    init(_ configuration: ModelConfiguration, shape: KVShape) {
        self.init(
            shape: shape, weight: configuration.rate, shares: configuration.phaseShares,
            maxSequences: configuration.maxSequences, maxBatchedTokens: configuration.chunk)
    }
}

extension ModelConfiguration {
    var phaseShares: PhaseShares { PhaseShares(prefill: Share(shares[0]), decode: Share(shares[1])) }
}
