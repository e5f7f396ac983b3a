import Foundation
import Quantities
import Testing
import Workloads

struct ServiceReportTests {
    private let records = [
        RequestRecord(
            model: "a", arrival: 0, promptTokens: 10, outputTokens: 5, firstToken: 1, finish: 3, unloadedLatency: 1),
        RequestRecord(
            model: "a", arrival: 1, promptTokens: 10, outputTokens: 1, firstToken: 5, finish: 5, unloadedLatency: 1),
        RequestRecord(
            model: "b", arrival: 2, promptTokens: 10, outputTokens: 3, firstToken: 4, finish: 10, unloadedLatency: 4,
            preemptions: 2),
        RequestRecord(model: "b", arrival: 3, promptTokens: 10, outputTokens: 0, firstToken: nil, finish: nil),
    ]

    @Test func figuresPerModelAndOverall() throws {
        let report = ServiceReport(records, rates: [("a", 3), ("b", 1)])
        let a = report.models[0].figures
        #expect(a.throughput == 0.4)
        #expect(a.outputTokensPerSecond == 1.2)
        #expect(a.timeToFirstToken?.mean == 2.5)
        #expect(a.timePerOutputToken?.p50 == 0.5)
        #expect(a.latency?.max == 4)
        #expect(a.attainment.map(\.fraction) == [0, 0.5, 1, 1, 1, 1, 1])
        let b = report.models[1].figures
        #expect(b.requests == 2 && b.finished == 1)
        #expect(b.attainment.first == Attainment(scale: 2, fraction: 0.5))
        #expect(b.preemptions == 2)
        #expect(report.overall.throughput == 0.3)
        #expect(abs(report.weightedThroughput - (3 * 0.4 + 1 * 0.1) / 4) < 1e-12)
    }

    @Test func percentilesInterpolate() throws {
        let spread = try #require(Percentiles((0...100).map(Double.init).shuffled()))
        #expect(spread == Percentiles([0, 50, 100] + (1..<50).map(Double.init) + (51..<100).map(Double.init)))
        #expect(spread.p50 == 50 && spread.p90 == 90 && spread.p99 == 99 && spread.max == 100)
        #expect(Percentiles([1, 2])?.p50 == 1.5)
        #expect(Percentiles([]) == nil)
    }

    @Test func nothingServedIsNoDivisionByZero() {
        let report = ServiceReport([], rates: [("a", 1)])
        #expect(report.overall.throughput == 0 && report.weightedThroughput == 0)
        #expect(report.models[0].figures.latency == nil)
    }

    @Test func reportsSurviveJSON() throws {
        let report = ServiceReport(records, rates: [("a", 3), ("b", 1)])
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(ServiceReport.self, from: data) == report)
    }
}
