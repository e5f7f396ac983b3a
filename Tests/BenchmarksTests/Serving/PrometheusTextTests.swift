import Benchmarks
import Testing

struct PrometheusTextTests {
    @Test func samplesAreRead() {
        let text = PrometheusText(
            """
            # HELP a what
            a 1
            b{x="1",model_name="q\\"u}o\\\\te, \\n", } 2.5e-1 1700000000
            broken{x="1
            {} 3
            c nothing
            """)
        #expect(
            text.samples == [
                .init(name: "a", labels: [:], value: 1),
                .init(name: "b", labels: ["x": "1", "model_name": "q\"u}o\\te, \n"], value: 0.25),
            ])
    }

    @Test func kvUsageOfSeveralServers() {
        let metrics = PrometheusText(
            """
            vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
            llamacpp:kv_cache_usage_ratio 0.25
            weft_kv_cache_usage_perc{model="n"} 1
            vllm:num_requests_running{model_name="m"} 3
            """)
        #expect(
            KVUsageSample.samples(in: metrics, at: 2) == [
                KVUsageSample(time: 2, series: "m", usage: 0.5), KVUsageSample(time: 2, series: "pool", usage: 0.25),
                KVUsageSample(time: 2, series: "n", usage: 1),
            ])
    }
}
