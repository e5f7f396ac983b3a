/// What a model is expected to serve in its unit.
public struct ModelEstimate: Hashable, Sendable, Codable {
    /// Sequences decoded together in steady state.
    public var batch: Int
    /// Requests per second.
    public var throughput: Double
    public var prefillSharePercent: Int
    public var decodeSharePercent: Int

    public init(batch: Int, throughput: Double, prefillSharePercent: Int, decodeSharePercent: Int) {
        self.batch = batch
        self.throughput = throughput
        self.prefillSharePercent = prefillSharePercent
        self.decodeSharePercent = decodeSharePercent
    }
}
