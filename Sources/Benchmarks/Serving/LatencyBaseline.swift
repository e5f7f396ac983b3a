package import Quantities
package import Workloads

/// A model's latency alone on its endpoint, as a line over prompt and output lengths.
package struct LatencyBaseline: Hashable, Sendable, Codable {
    package var model: String
    /// Of a first token, before the prompt counts.
    package var base: Seconds
    package var perPromptToken: Seconds
    /// Of each token behind the first.
    package var perOutputToken: Seconds

    package init(model: String, base: Seconds, perPromptToken: Seconds, perOutputToken: Seconds) {
        self.model = model
        self.base = base
        self.perPromptToken = perPromptToken
        self.perOutputToken = perOutputToken
    }

    /// Fits measured requests: least squares over times to the first token, and the median time of further tokens.
    ///
    /// Neither part of the line gets negative: where noise would have it so, the other part takes all.
    ///
    /// - Returns: `nil` if no request came to its first token.
    package init?(model: String, fitting records: [RequestRecord]) {
        let points = records.compactMap { record in
            record.timeToFirstToken.map { (x: Double(record.promptTokens), y: $0) }
        }
        if points.isEmpty { return nil }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        let slope = spread > 0 ? points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread : 0
        var line = (base: meanY - slope * meanX, slope: slope)
        if slope < 0 { line = (meanY, 0) } else if line.base < 0 { line = (0, meanY / meanX) }
        let steps = records.compactMap(\.timePerOutputToken)
        self.init(
            model: model, base: line.base, perPromptToken: line.slope, perOutputToken: Percentiles(steps)?.p50 ?? 0)
    }

    package func latency(promptTokens: Int, outputTokens: Int) -> Seconds {
        base + perPromptToken * Double(promptTokens) + perOutputToken * Double(max(0, outputTokens - 1))
    }
}
