import ConfigurationFiles
import Foundation
import Testing
import Workloads

struct TraceTests {
    @Test func writesWhatItReads() throws {
        let requests = try Workload(models: [.init(name: "a/b", rate: 3)], duration: 10).requests(seed: 9)
        let text = String(decoding: try Trace.write(requests), as: UTF8.self)
        #expect(try Trace.read(text, file: "trace.jsonl") == requests)
    }

    @Test func sortsAndSkipsEmptyLines() throws {
        let text = """
            {"arrival": 2, "model": "b", "prompt_tokens": 4, "output_tokens": 5}

            {"arrival": 1.5, "model": "a", "prompt_tokens": 1, "output_tokens": 2}
            """
        let requests = try Trace.read(text, file: "trace.jsonl")
        #expect(requests.map(\.model) == ["a", "b"])
        #expect(requests[0] == Request(arrival: 1.5, model: "a", promptTokens: 1, outputTokens: 2))
    }

    @Test(arguments: [
        (#"{"arrival": 1, "model": "a", "prompt_tokens": 4, "output_tokens": 1, "more": true}"#, "more: is not known"),
        (#"{"arrival": "1", "model": "a", "prompt_tokens": 4, "output_tokens": 1}"#, "arrival: must be a number"),
        (#"{"arrival": -1, "model": "a", "prompt_tokens": 4, "output_tokens": 1}"#, "arrival: must be between 0.0"),
        (#"{"arrival": 1, "model": "a", "prompt_tokens": 0, "output_tokens": 1}"#, "prompt_tokens: must be between 1"),
        (#"{"arrival": 1, "model": "a", "prompt_tokens": 4}"#, "output_tokens: is missing"),
        (#"{"arrival": 1, "model": null, "prompt_tokens": 1, "output_tokens": 1}"#, "model: is missing"),
        (#"{"arrival": 1, "model": "c", "prompt_tokens": 1, "output_tokens": 1}"#, "model: 'c' is not in the workload"),
        ("garbage", "document: must be a mapping"), (#"{"arrival": 1,"#, "document: did not find expected node"),
    ])
    func faultsAreNamed(line: String, expected: String) {
        let good = #"{"arrival": 1, "model": "a", "prompt_tokens": 4, "output_tokens": 1}"#
        let error = #expect(throws: FileError.self) {
            try Trace.read("\(good)\n\n\(line)\n", file: "trace.jsonl", models: ["a", "b"])
        }
        #expect(error?.description.hasPrefix("trace.jsonl:3: \(expected)") == true, "\(error?.description ?? "")")
    }
}
