import Foundation
import Testing
import Workloads

struct TraceTests {
    @Test func writesWhatItReads() throws {
        let requests = try Workload(models: [.init(name: "a/b", rate: 3)], duration: 10).requests(seed: 9)
        #expect(try Trace.read(Trace.write(requests)) == requests)
    }

    @Test func sortsAndSkipsEmptyLines() throws {
        let text = """
            {"arrival": 2, "model": "b", "prompt_tokens": 4, "output_tokens": 5}

            {"arrival": 1.5, "model": "a", "prompt_tokens": 1, "output_tokens": 2, "more": true}
            """
        let requests = try Trace.read(Data(text.utf8))
        #expect(requests.map(\.model) == ["a", "b"])
        #expect(requests[0] == Request(arrival: 1.5, model: "a", promptTokens: 1, outputTokens: 2))
    }

    @Test(arguments: [
        (#"{"arrival": 1, "model": "a", "prompt_tokens": 4}"#, "line 2, field output_tokens: is missing"),
        (#"{"arrival": "x", "model": "a", "prompt_tokens": 4, "output_tokens": 1}"#, "line 2, field arrival"),
        (#"{"arrival": -1, "model": "a", "prompt_tokens": 4, "output_tokens": 1}"#, "line 2, field arrival"),
        (#"{"arrival": 1, "model": "a", "prompt_tokens": 0, "output_tokens": 1}"#, "line 2, field prompt_tokens"),
        (#"{"arrival": 1, "model": null, "prompt_tokens": 1, "output_tokens": 1}"#, "line 2, field model"),
        ("garbage", "line 2: is not a JSON object"),
    ])
    func namesLineAndField(line: String, expected: String) {
        let error = #expect(throws: TraceError.self) { try Trace.read(Data("\n\(line)\n".utf8)) }
        #expect(error?.description.hasPrefix(expected) == true)
    }
}
