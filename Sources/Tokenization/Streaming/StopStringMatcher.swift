/// Ends a text before the first stop string in it, and holds text back that may yet turn out to be the start of one.
///
/// The string that is complete first wins, the longest of those that end together; how the text was cut into pieces
/// makes no difference. Source: Knuth, Morris & Pratt 1977.
package struct StopStringMatcher: Sendable {
    private struct Pattern: Sendable {
        let text: [UInt8]
        /// How long a border (a proper prefix that is also a suffix) each prefix has.
        let borders: [Int]
        /// How many bytes of the pattern the text ends with now.
        var matched = 0

        init(_ string: String) {
            text = Array(string.utf8)
            var borders = [0]
            for byte in text.dropFirst() {
                var length = borders[borders.count - 1]
                while length > 0, text[length] != byte { length = borders[length - 1] }
                borders.append(text[length] == byte ? length + 1 : 0)
            }
            self.borders = borders
        }

        mutating func advance(_ byte: UInt8) {
            while matched > 0, text[matched] != byte { matched = borders[matched - 1] }
            if text[matched] == byte { matched += 1 }
        }
    }

    private var patterns: [Pattern]
    /// What was held back.
    private var pending: [UInt8] = []
    private var isStopped = false

    /// - Parameter stops: empty ones are ignored.
    package init(_ stops: [String]) {
        patterns = stops.filter { !$0.isEmpty }.map(Pattern.init)
    }

    /// Takes the next piece of text and gives what may be shown, without the stop string when that has come. After it
    /// nothing more is given.
    ///
    /// - Complexity: O(bytes · stop strings), amortised.
    package mutating func append(_ text: String) -> (text: String, stopped: Bool) {
        if isStopped { return ("", true) }
        for byte in text.utf8 {
            pending.append(byte)
            for index in patterns.indices { patterns[index].advance(byte) }
            let complete = patterns.lazy.filter { $0.matched == $0.text.count }.map(\.matched).max()
            if let complete {
                isStopped = true
                return (take(pending.count - complete), true)
            }
        }
        let held = patterns.map(\.matched).max() ?? 0
        return (take(pending.count - held), false)
    }

    /// The text that was held back when no more comes; empty after a stop string.
    package mutating func finish() -> String {
        isStopped ? "" : take(pending.count)
    }

    private mutating func take(_ count: Int) -> String {
        defer { pending.removeFirst(count) }
        return String(decoding: pending.prefix(count), as: UTF8.self)
    }
}
