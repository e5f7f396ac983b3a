/// The policies by their names in configurations.
public enum PolicyName: String, Hashable, Sendable, Codable, CaseIterable {
    case adbs
    case roundRobin = "round-robin"
    case fcfs
    case temporal
    case spatial

    /// A fresh policy with its default options.
    public var policy: any BatchPolicy {
        switch self {
        case .adbs: AdaptiveBatchPolicy()
        case .roundRobin: RoundRobinPolicy()
        case .fcfs: FirstComePolicy()
        case .temporal: TemporalPolicy()
        case .spatial: SpatialPolicy()
        }
    }
}
