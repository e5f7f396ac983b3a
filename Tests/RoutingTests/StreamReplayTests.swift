import Routing
import Testing

/// A stream that another worker goes on with.
struct StreamReplayTests {
    private func event(_ text: String, id: String = "x", created: Int = 1, choice: Int = 0) -> String {
        "data: {\"choices\":[{\"delta\":{\"content\":\"\(text)\"},\"index\":\(choice)}],\"created\":\(created),"
            + "\"id\":\"\(id)\"}\n\n"
    }

    @Test func whatTheClientHasIsLeftOutAndTheRestHasItsName() throws {
        var replay = StreamReplay()
        #expect(try replay.take(": ping\n\n") == ": ping\n\n")
        #expect(try replay.take(event("a")) == event("a"))
        #expect(try replay.take(event("a")) == event("a"))
        #expect(try replay.take(event("b")) == event("b"))
        replay.startAgain()
        for text in ["a", "a", "b"] { #expect(try replay.take(event(text, id: "y", created: 9)) == nil) }
        #expect(try replay.take(event("id y", id: "y", created: 9)) == event("id y"))
        #expect(!replay.isWhole)
        #expect(try replay.take("data: [DONE]\n\n") == "data: [DONE]\n\n")
        #expect(replay.isWhole)
    }

    @Test func choicesComeInAnyOrder() throws {
        var replay = StreamReplay()
        for (text, choice) in [("a", 0), ("b", 1), ("c", 0)] { _ = try replay.take(event(text, choice: choice)) }
        replay.startAgain()
        #expect(try replay.take(event("b", choice: 1)) == nil)
        #expect(try replay.take(event("d", choice: 1)) == event("d", choice: 1))
        #expect(try replay.take(event("a")) == nil)
        #expect(try replay.take(event("c")) == nil)
    }

    @Test func anotherTextIsTold() throws {
        var replay = StreamReplay()
        for text in ["a", "b"] { _ = try replay.take(event(text)) }
        replay.startAgain()
        #expect(try replay.take(event("a")) == nil)
        #expect(throws: Divergence.self) { try replay.take("data: [DONE]\n\n") }
        #expect(throws: Divergence.self) { try replay.take(event("c")) }
        #expect(throws: Divergence.self) { try replay.take("data: {\n\n") }
    }

    @Test func namesOfCallsMayDiffer() throws {
        func call(_ id: String, _ name: String) -> String {
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"\(id)\",\"name\":\"\(name)\"}]},\"index\":0}]}\n\n"
        }
        var replay = StreamReplay()
        _ = try replay.take(call("1", "f"))
        replay.startAgain()
        #expect(try replay.take(call("2", "f")) == nil)
        replay.startAgain()
        #expect(throws: Divergence.self) { try replay.take(call("1", "g")) }
    }

    /// However a stream is cut, its events come whole.
    @Test(arguments: 1...7) func framesAreWhole(_ size: Int) {
        let bytes = Array("data: é1\n\n: p\n\ndata: 2\n\ndata: hal".utf8)
        var frames = EventFrames(linesOnly: false)
        var events: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += frames.append(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(events == ["data: é1\n\n", ": p\n\n", "data: 2\n\n"])
        #expect(frames.pending == 9)
        var lines = EventFrames(linesOnly: true)
        #expect(lines.append("{}\n{\"a\":1}\n{".utf8) == ["{}\n", "{\"a\":1}\n"])
    }
}
