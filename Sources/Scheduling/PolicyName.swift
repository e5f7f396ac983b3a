/// The policies by their names in configurations.
public enum PolicyName: String, Hashable, Sendable, Codable, CaseIterable {
    case adbs
    case roundRobin = "round-robin"
    case fcfs
    case temporal
    case spatial

    /// A fresh policy with the options that the engine uses.
    public var policy: any BatchPolicy {
        switch self {
        case .adbs: AdaptiveBatchPolicy(widensLoneDecodes: true)
        case .roundRobin: RoundRobinPolicy()
        case .fcfs: FirstComePolicy()
        case .temporal: TemporalPolicy()
        case .spatial: SpatialPolicy()
        }
    }
}

extension PolicyName {
    /// The shares of the jobs that it will start for models with such shares.
    package func jobShares(of models: [PhaseShares]) -> [Share] {
        switch self {
        case .temporal: [.whole]
        case .spatial: [Share(max(1, Share.whole.tenths / max(1, models.count)))]
        case .adbs, .roundRobin, .fcfs: models.flatMap { [$0.prefill, $0.decode] }
        }
    }
}
