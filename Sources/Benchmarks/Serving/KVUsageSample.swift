package import Quantities

/// How full a KV cache was at one time.
package struct KVUsageSample: Hashable, Sendable, Codable {
    package var time: Seconds
    /// The model, or `pool` where the endpoint tells one figure for all.
    package var series: String
    /// 0...1
    package var usage: Double

    package init(time: Seconds, series: String, usage: Double) {
        self.time = time
        self.series = series
        self.usage = usage
    }

    /// How metrics of KV usage end, in several servers.
    private static let endings = ["kv_cache_usage_perc", "gpu_cache_usage_perc", "kv_cache_usage_ratio", "token_usage"]

    /// The usages that an endpoint's metrics tell.
    package static func samples(in metrics: PrometheusText, at time: Seconds) -> [KVUsageSample] {
        metrics.samples.compactMap { sample in
            guard endings.contains(where: { sample.name.hasSuffix($0) }), sample.value.isFinite else { return nil }
            let series = sample.labels["model_name"] ?? sample.labels["model"] ?? "pool"
            return KVUsageSample(time: time, series: series, usage: sample.value)
        }
    }
}
