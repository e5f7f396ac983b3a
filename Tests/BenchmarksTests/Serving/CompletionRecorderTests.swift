import Benchmarks
import Testing
import Workloads

struct CompletionRecorderTests {
    private let request = Request(arrival: 1, model: "a", promptTokens: 10, outputTokens: 3)

    private func recorder(_ pieces: [(time: Double, text: String)]) -> CompletionRecorder {
        var recorder = CompletionRecorder()
        for piece in pieces { recorder.receive(piece.text.utf8, at: piece.time) }
        return recorder
    }

    @Test func timesAndCountsOfAnAnswer() {
        var recorder = recorder([
            (2, #"data: {"choices": [{"text": "", "finish_reason": null}]}"# + "\n\n"),
            (3, #"data: {"choices": [{"text": "x", "finish_reason": null}]}"# + "\n"), (4, "\n: ping\n\n"),
            (5, #"data: {"choices": [{"text": "", "finish_reason": "length"}]}"# + "\n\n"),
            (6, #"data: {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}"# + "\n\n"),
            (7, "data: [DONE]\n\n"),
        ])
        recorder.end()
        #expect(recorder.failure == nil)
        let record = recorder.record(of: request)
        #expect(record.firstToken == 2 && record.finish == 5)
        #expect(record.promptTokens == 11 && record.outputTokens == 7)
        #expect(record.timeToFirstToken == 1 && record.latency == 4 && record.timePerOutputToken == 0.5)
    }

    @Test func tokensAreCountedWhereTheEndpointDoesNot() {
        var recorder = recorder([
            (2, #"data: {"choices": [{"text": "x"}]}"# + "\n\n"),
            (3, #"data: {"choices": [{"text": "y", "finish_reason": "stop"}]}"# + "\n\n"),
        ])
        recorder.end()
        #expect(recorder.failure == nil)
        #expect(recorder.record(of: request).outputTokens == 2)
        #expect(recorder.record(of: request).promptTokens == 10)
    }

    @Test(arguments: [
        ("", RequestFailure.brokenStream),
        (#"data: {"choices": [{"text": "x"}]}"# + "\n\n", .brokenStream),
        (#"data: {"error": {"message": "no memory"}}"# + "\n\n", .errorEvent("no memory")),
        (#"data: {"error": "no memory"}"# + "\n\ndata: [DONE]\n\n", .errorEvent("no memory")),
        ("data: <html>\n\n", .malformedEvent("<html>")),
    ])
    func whatBreaksAnAnswer(text: String, expected: RequestFailure) {
        var recorder = recorder([(2, text)])
        recorder.end()
        #expect(recorder.failure == expected)
        #expect(recorder.record(of: request).finish == nil)
    }

    @Test func theEndsReasonIsKept() {
        var recorder = recorder([])
        recorder.end(.timeout)
        #expect(recorder.failure == .timeout)
        #expect(RequestFailure.status(503, message: "full").kind == "status 503")
    }
}
