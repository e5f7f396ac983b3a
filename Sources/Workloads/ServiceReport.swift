package import Quantities

/// What is said of a served workload.
package struct ServiceReport: Hashable, Sendable, Codable {
    package var overall: ServiceFigures
    package var models: [Model]
    /// The rate-weighted mean of the models' requests per second.
    ///
    /// Source: MuxServe's figures; there each unit is averaged first and units are weighted by their requests.
    package var weightedThroughput: Double

    /// One model's figures and the rate it was asked at.
    package struct Model: Hashable, Sendable, Codable {
        package var name: String
        package var rate: Double
        package var figures: ServiceFigures
    }

    /// The scales of the paper's figures.
    package static let scales: [Double] = [2, 3, 5, 8, 10, 15, 20]

    /// - Parameters:
    ///   - rates: Requests per second of each model, in the order of the report. Records of other models count overall.
    ///   - start: When the run began.
    /// - Complexity: O(n log n) in the records.
    package init(
        _ records: [RequestRecord], rates: [(model: String, rate: Double)], start: Seconds = 0,
        scales: [Double] = Self.scales
    ) {
        let groups = Dictionary(grouping: records, by: \.model)
        overall = ServiceFigures(records, start: start, scales: scales)
        models = rates.map { name, rate in
            Model(name: name, rate: rate, figures: ServiceFigures(groups[name] ?? [], start: start, scales: scales))
        }
        let total = models.reduce(0) { $0 + $1.rate }
        let weighted = models.reduce(0) { $0 + $1.rate * $1.figures.throughput }
        weightedThroughput = total > 0 ? weighted / total : 0
    }
}
