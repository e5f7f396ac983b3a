import Foundation

/// A measured run of MuxServe's synthetic workload on 32 A100s.
package struct PaperRun: Hashable, Sendable {
    package var alpha: Double
    /// Multiplies the rates; 1 gives the hottest model 40 requests per second.
    package var rateScale: Double
    package var strategy: PaperStrategy
    package var models: [Model]

    /// One model of a run, and what was measured of it.
    package struct Model: Hashable, Sendable {
        /// `llm-` and its rank in popularity.
        package var name: String
        package var rank: Int
        /// Its name in the cost file.
        package var costName: String
        /// The unit that serves it.
        package var unit: String
        /// The devices of that unit.
        package var devices: Int
        package var requests: Int
        package var throughput: Double
        package var latency: Double
        package var timeToFirstToken: Double
        /// Requests within each of `PaperRun.scales` times the unloaded latency.
        package var withinScale: [Double: Int]
    }

    /// The scales that are compared.
    package static let scales: [Double] = [2, 3, 5, 8, 10, 15, 20]

    /// Requests per second of a model.
    package func rate(_ model: Model) -> Double { 40 * rateScale * pow(Double(model.rank + 1), -alpha) }

    /// The scheduler under which the run was made.
    ///
    /// The table does not name it, and temporal runs were made under both: in some no model ever has more sequences
    /// at work than `fcfs` admits, in others hundreds more. So a temporal run counts as `adbs` where some model had
    /// more on average, by Little's law. This one bit is read off what was measured; nothing else is.
    package var scheduler: ReferenceScheduler {
        guard strategy == .temporal else { return .adbs }
        let exceedsLimit = models.contains { model in
            (model.latency - model.timeToFirstToken) * model.throughput > Double(ReferenceScheduler.sequenceLimit)
        }
        return exceedsLimit ? .adbs : .fcfs
    }

    /// The measured figures of the run.
    package var measured: PaperFigures {
        let requests = models.reduce(0) { $0 + $1.requests }
        let count = Double(requests)
        var within: [Double: Double] = [:]
        for scale in Self.scales {
            within[scale] = 100 * Double(models.reduce(0) { $0 + ($1.withinScale[scale] ?? 0) }) / count
        }
        let rates = models.reduce(0) { $0 + rate($1) }
        return PaperFigures(
            weightedThroughput: models.reduce(0) { $0 + rate($1) * $1.throughput } / rates,
            meanLatency: models.reduce(0) { $0 + Double($1.requests) * $1.latency } / count, withinSLO: within)
    }
}

/// The systems that the paper compares.
package enum PaperStrategy: String, Hashable, Sendable, Codable, CaseIterable {
    case muxserve
    /// The units of MuxServe, one job at a time.
    case temporal
    /// A unit for each model.
    case spatial
}
