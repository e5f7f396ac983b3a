/// A model of a unit, as it is to be served.
public struct PlannedModel: Hashable, Sendable, Codable {
    public var name: String
    /// Where its weights are.
    public var model: String
    /// Requests per second that this unit is meant to get; of a replica its part of the model's rate.
    public var rate: Double
    /// Percent of the unit's compute that a prefill may use.
    public var prefillShare: Int
    /// Percent of the unit's compute that a decode step may use.
    public var decodeShare: Int
    /// The most sequences at work.
    public var maxSequences: Int
    /// Requests per second that the unit is expected to serve.
    public var estimatedThroughput: Double

    public init(
        name: String, model: String, rate: Double, prefillShare: Int, decodeShare: Int, maxSequences: Int = 256,
        estimatedThroughput: Double
    ) {
        self.name = name
        self.model = model
        self.rate = rate
        self.prefillShare = prefillShare
        self.decodeShare = decodeShare
        self.maxSequences = maxSequences
        self.estimatedThroughput = estimatedThroughput
    }

    /// A placed model; it may always have 256 sequences at work, and more where its batch is expected to be half of
    /// that.
    init(_ demand: ModelDemand, _ estimate: ModelEstimate) {
        self.init(
            name: demand.name, model: demand.path, rate: demand.rate,
            prefillShare: max(estimate.prefillSharePercent, estimate.decodeSharePercent),
            decodeShare: min(estimate.prefillSharePercent, estimate.decodeSharePercent),
            maxSequences: max(256, 2 * estimate.batch), estimatedThroughput: estimate.throughput)
    }

    enum CodingKeys: String, CodingKey {
        case name
        case model
        case rate
        case prefillShare = "prefill_share"
        case decodeShare = "decode_share"
        case maxSequences = "max_sequences"
        case estimatedThroughput = "estimated_throughput"
    }
}
