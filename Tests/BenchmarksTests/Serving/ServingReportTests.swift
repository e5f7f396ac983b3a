import Benchmarks
import Foundation
import Quantities
import Testing
import Workloads

struct ServingReportTests {
    private static func served(_ arrival: Double, _ latency: Double?, failure: RequestFailure? = nil) -> ServedRequest {
        ServedRequest(
            record: RequestRecord(
                model: "a<b", arrival: arrival, promptTokens: 10, outputTokens: 11,
                firstToken: latency.map { arrival + $0 / 2 }, finish: latency.map { arrival + $0 }),
            sent: arrival + 0.25, failure: failure)
    }

    private let report = ServingReport(
        [
            served(1, 100), served(10, 2.9), served(11, 3.1), served(12, 7.9),
            served(13, nil, failure: .status(503, message: "full")),
            served(14, nil, failure: .status(503, message: "still full")), served(15, nil, failure: .timeout),
        ],
        of: Load(requests: [], rates: [("a<b", 0.5)], seed: 7, warmUp: 10), endpoint: "http://h",
        unloaded: [LatencyBaseline(model: "a<b", base: 0.5, perPromptToken: 0.05, perOutputToken: 0)],
        kvUsage: [KVUsageSample(time: 1, series: "pool", usage: 0.5)])

    @Test func attainmentCountsAllButTheWarmUp() {
        let all = report.service.overall
        #expect(all.requests == 6 && all.finished == 3)
        #expect(all.attainment.map { ($0.fraction * 6).rounded() } == [0, 1, 2, 3, 3, 3, 3])
        #expect(abs(all.throughput - 3 / 9.9) < 1e-9)
        #expect(report.lateness?.p50 == 0.25)
    }

    @Test func failuresAreCountedByKind() {
        #expect(report.failures.map(\.kind) == ["status 503", "timeout"])
        #expect(report.failures.map(\.count) == [2, 1])
        #expect(report.failures[0].example == "full")
    }

    @Test func theReportIsJSON() throws {
        let read = try JSONDecoder().decode(ServingReport.self, from: JSONEncoder().encode(report))
        #expect(read.unloaded == report.unloaded && read.service == report.service && read.seed == 7)
    }

    @Test func thePageHasAllFiguresAndNoForeignMarkup() {
        let html = ServingPage(report).html
        for title in ["Throughput", "multiple of their unloaded latency", "P99 latency", "KV cache in use", "timeout"] {
            #expect(html.contains(title))
        }
        #expect(html.contains("a&lt;b") && !html.contains("a<b"))
        #expect(!html.contains("src=") && !html.contains("href="))
    }
}
