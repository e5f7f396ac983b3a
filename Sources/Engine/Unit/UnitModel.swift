public import KVCache
public import Scheduling
import Transformer
import Workloads

/// A model at work in a unit.
struct UnitModel: Sendable {
    let id: ModelID
    let configuration: ModelConfiguration
    /// The network on each of the unit's lanes.
    let networks: [LlamaModel]
    let served: ServedModel
    let weightBytes: Int
    /// When the last request came.
    var lastUse: Seconds

    var isPinned: Bool { configuration.pinned }
    /// What is the same on all lanes.
    var llama: LlamaModel { networks[0] }
}

extension ModelSettings {
    /// How the engine schedules a model.
    public init(_ configuration: ModelConfiguration, shape: KVShape) {
        self.init(
            shape: shape, weight: configuration.rate, shares: configuration.phaseShares,
            maxSequences: configuration.maxSequences, maxBatchedTokens: configuration.chunk,
            targets: LatencyTargets(timeToFirstToken: configuration.ttft, timePerOutputToken: configuration.tpot))
    }
}

extension ModelConfiguration {
    var phaseShares: PhaseShares { PhaseShares(prefill: Share(shares[0]), decode: Share(shares[1])) }
}
