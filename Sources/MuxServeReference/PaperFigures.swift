/// What is compared of a run.
package struct PaperFigures: Hashable, Sendable {
    /// The rate-weighted mean of the models' requests per second.
    package var weightedThroughput: Double
    /// Over all requests, in seconds.
    package var meanLatency: Double
    /// Percent of requests within multiples of the unloaded latency.
    package var withinSLO: [Double: Double]

    package init(weightedThroughput: Double, meanLatency: Double, withinSLO: [Double: Double]) {
        self.weightedThroughput = weightedThroughput
        self.meanLatency = meanLatency
        self.withinSLO = withinSLO
    }
}

extension PaperFigures: Encodable {
    private enum CodingKeys: String, CodingKey {
        case weightedThroughput = "weighted_throughput"
        case meanLatency = "mean_latency"
        case withinSLO = "within_slo"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(weightedThroughput, forKey: .weightedThroughput)
        try container.encode(meanLatency, forKey: .meanLatency)
        let within = withinSLO.map { ("\(Int($0.key))", $0.value) }
        try container.encode(Dictionary(uniqueKeysWithValues: within), forKey: .withinSLO)
    }
}
