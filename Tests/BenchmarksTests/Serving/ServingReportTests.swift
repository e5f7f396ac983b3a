import Benchmarks
import ConfigurationFiles
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

    private var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            return String(decoding: try encoder.encode(report), as: UTF8.self)
        }
    }

    @Test func aWrittenReportIsRead() throws {
        let read = try SavedReport(json: json, file: "a.json")
        #expect(read.unloaded == report.unloaded && read.service == report.service)
    }

    @Test(arguments: [
        (#""seed" :"#, #""sead" :"#, "sead: is not known here"),
        (#""finished" : 3"#, #""finished" : "3""#, "service.overall.finished: must be an integer"),
        (
            #""fraction" : 0"#, #""fraction" : 2"#,
            "service.overall.attainment[6].fraction: must be between 0.0"
        ),
        (#""base" : 0.5,"#, "", "unloaded[0].base: is missing"),
        (#""endpoint" : "#, #""endpoint" [ "#, "document: "),
    ])
    func faultsAreNamed(old: String, new: String, expected: String) throws {
        let lines = try json.split(separator: "\n", omittingEmptySubsequences: false)
        let index = try #require(lines.lastIndex { $0.contains(old) })
        var changed = lines.map(String.init)
        changed[index] = changed[index].replacing(old, with: new)
        let error = #expect(throws: FileError.self) {
            try SavedReport(json: changed.joined(separator: "\n"), file: "a.json")
        }
        // A field that is missing is told at the line where its mapping begins, and a gap where the parser notices it.
        let line = expected.hasSuffix("missing") ? index : index + 1
        #expect(error?.description.hasPrefix("a.json:\(line): \(expected)") == true, "\(error?.description ?? "")")
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
