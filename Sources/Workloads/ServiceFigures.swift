package import Quantities

/// How well one model, or all of them, were served.
package struct ServiceFigures: Hashable, Sendable, Codable {
    package var requests: Int
    package var finished: Int
    /// Finished requests per second, up to the last one's end.
    package var throughput: Double
    /// Generated tokens per second, up to the last request's end.
    package var outputTokensPerSecond: Double
    /// Absent where no request got that far.
    package var timeToFirstToken: Percentiles?
    package var timePerOutputToken: Percentiles?
    package var latency: Percentiles?
    /// The part of all requests that finished within each scale.
    package var attainment: [Attainment]
    package var preemptions: Int

    /// - Parameters:
    ///   - start: When the run began; throughput counts from there.
    ///   - scales: Multiples of the unloaded latency.
    package init(_ records: [RequestRecord], start: Seconds = 0, scales: [Double]) {
        let ends = records.compactMap(\.finish)
        let span = (ends.max() ?? start) - start
        requests = records.count
        finished = ends.count
        throughput = span > 0 ? Double(finished) / span : 0
        outputTokensPerSecond = span > 0 ? Double(records.reduce(0) { $0 + $1.outputTokens }) / span : 0
        timeToFirstToken = Percentiles(records.compactMap(\.timeToFirstToken))
        timePerOutputToken = Percentiles(records.compactMap(\.timePerOutputToken))
        latency = Percentiles(records.compactMap(\.latency))
        attainment = scales.map { scale in
            let attained = records.count { $0.attains(scale: scale) }
            return Attainment(scale: scale, fraction: records.isEmpty ? 0 : Double(attained) / Double(records.count))
        }
        preemptions = records.reduce(0) { $0 + $1.preemptions }
    }
}

/// The part of the requests that finished within a multiple of their unloaded latency.
package struct Attainment: Hashable, Sendable, Codable {
    package var scale: Double
    /// 0...1
    package var fraction: Double

    package init(scale: Double, fraction: Double) {
        self.scale = scale
        self.fraction = fraction
    }
}
