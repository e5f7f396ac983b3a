import Benchmarks
import Testing

struct EventStreamParserTests {
    private static let stream = [
        ": ping\n\ndata: {\"a\": 1}\n\nevent: x\ndata: é\n\ndata:two\ndata: lines\n\ndata: [DONE]\n\n",
        "data: {\"a\": 1}\r\n\r\nid: 3\r\ndata: é\r\n\r\ndata: two\r\ndata: lines\r\n\r\ndata: [DONE]\r\n\r\n",
        "data: {\"a\": 1}\r\rdata: é\r\rdata: two\rdata: lines\r\rretry: 1\rdata: [DONE]\r\r",
    ]
    private static let events = ["{\"a\": 1}", "é", "two\nlines", "[DONE]"]

    @Test(arguments: stream)
    func piecesMayEndAnywhere(text: String) {
        let bytes = Array(text.utf8)
        for first in bytes.indices {
            for second in [first, (first + bytes.count) / 2] {
                var parser = EventStreamParser()
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                #expect(pieces.flatMap { parser.append($0) } == Self.events)
            }
        }
        var parser = EventStreamParser()
        #expect(bytes.flatMap { parser.append([$0]) } == Self.events)
    }

    @Test func anEventWithoutItsEndIsNotGivenOut() {
        var parser = EventStreamParser()
        #expect(parser.append("data: a\n".utf8) == [])
        #expect(parser.append("\n\n".utf8) == ["a"])
    }

    @Test func anEmptyDataLineIsAnEvent() {
        var parser = EventStreamParser()
        #expect(parser.append("data\n\ndata:\n\ndatax: 1\n\n".utf8) == ["", ""])
    }
}
