import Benchmarks
import Testing
import Workloads

struct LoadTests {
    @Test func probesSpanTheModelsOwnLengths() {
        let requests = (1...100).map {
            Request(arrival: Double($0), model: $0 > 50 ? "b" : "a", promptTokens: $0, outputTokens: 200)
        }
        let load = Load(requests: requests, rates: [("a", 1), ("b", 1)])
        let probes = load.probes(of: "b")
        #expect(probes.map(\.promptTokens) == [55, 75, 95, 55, 75, 95])
        #expect(probes.allSatisfy { $0.outputTokens == 32 && $0.model == "b" })
        #expect(load.probes(of: "c").isEmpty)
    }

    @Test func aModelThatNoRequestAsksIsProbedWithTheLengthsOfAll() {
        let requests = [10, 20, 30].map { Request(arrival: 0, model: "a", promptTokens: $0, outputTokens: 4) }
        let probes = Load(requests: requests, rates: [("a", 1), ("b", 0.1)]).probes(of: "b")
        #expect(probes.map(\.promptTokens) == [10, 20, 20, 10, 20, 20])
        #expect(probes.allSatisfy { $0.outputTokens == 4 && $0.model == "b" })
    }

    @Test func theTraceHasWhatWasServed() throws {
        let record = RequestRecord(
            model: "a", arrival: 0.5, promptTokens: 12, outputTokens: 7, firstToken: 1, finish: 2)
        let served = [
            ServedRequest(record: record, sent: 0.5), ServedRequest(record: record, sent: 0.5, failure: .timeout),
        ]
        let trace = Load.trace(of: served)
        #expect(trace == [Request(arrival: 0.5, model: "a", promptTokens: 12, outputTokens: 7)])
        #expect(try Trace.read(String(decoding: Trace.write(trace), as: UTF8.self), file: "trace.jsonl") == trace)
    }
}
