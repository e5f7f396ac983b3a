import Quantities
import Testing
import Tokenization

@Suite struct StopStringMatcherTests {
    private func run(_ stops: [String], _ pieces: [String]) -> (shown: [String], stopped: Bool) {
        var matcher = StopStringMatcher(stops)
        var stopped = false
        var shown: [String] = []
        for piece in pieces {
            let step = matcher.append(piece)
            shown.append(step.text)
            stopped = step.stopped
        }
        return (shown + [matcher.finish()], stopped)
    }

    @Test func `Text before the stop string is shown, the rest is not`() {
        let (shown, stopped) = run(["END"], ["one E", "N", "D two", " three"])
        #expect(shown == ["one ", "", "", "", ""])
        #expect(stopped)
    }

    @Test func `What only looked like a stop string is shown later`() {
        #expect(run(["END"], ["an EN", "d"]).shown == ["an ", "ENd", ""])
        #expect(run(["aab"], ["aa", "a", "c"]).shown == ["", "a", "aac", ""])
        #expect(run(["END"], ["an EN"]).shown == ["an ", "EN"])
    }

    @Test func `Without stop strings all passes`() {
        #expect(run([], ["a", "b"]).shown == ["a", "b", ""])
        #expect(run([""], ["a", "b"]).stopped == false)
    }

    @Test func `Stop strings split no character`() {
        #expect(run(["é"], ["xã", "éy"]).shown == ["xã", "", ""])
        #expect(run(["\n\n"], ["a\r\n", "\nb"]).shown.joined() == "a\r")
    }

    /// The first end of a stop string, and of those the earliest start.
    private func reference(_ stops: [String], _ text: String) -> String {
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            let found = stops.filter { !$0.isEmpty && bytes[..<end].reversed().starts(with: $0.utf8.reversed()) }
            if let longest = found.map(\.utf8.count).max() {
                return String(decoding: bytes[..<(end - longest)], as: UTF8.self)
            }
        }
        return text
    }

    @Test(arguments: 0..<300)
    func `The pieces make no difference`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func word(_ length: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: length, using: &random)).map { _ in "abé".randomElement(using: &random)! })
        }
        let stops = (0..<Int.random(in: 0...3, using: &random)).map { _ in word(0...4) }
        let pieces = (0..<8).map { _ in word(0...4) }
        let (shown, stopped) = run(stops, pieces)
        let expected = reference(stops, pieces.joined())
        #expect(shown.joined() == expected, "\(stops) \(pieces)")
        #expect(stopped == (expected != pieces.joined()))
    }
}
