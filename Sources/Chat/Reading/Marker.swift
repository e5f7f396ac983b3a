/// A text to look for, in which each run of white space stands for any run or none.
struct Marker: Sendable, Hashable {
    enum Match: Equatable {
        case no
        /// The text ends before it is clear.
        case maybe
        /// The index behind the match.
        case yes(Int)
    }

    private let parts: [[UInt8]]

    /// - Returns: `nil` for a text of nothing but white space.
    init?(_ text: String) {
        parts = text.utf8.split { $0.isSpace }.map(Array.init)
        if parts.isEmpty { return nil }
    }

    /// Whether the marker stands at `start`.
    func match(_ bytes: [UInt8], at start: Int) -> Match {
        var index = start
        for (number, part) in parts.enumerated() {
            if number > 0 {
                while index < bytes.count, bytes[index].isSpace { index += 1 }
            }
            for byte in part {
                if index == bytes.count { return .maybe }
                if bytes[index] != byte { return .no }
                index += 1
            }
        }
        return .yes(index)
    }
}

extension [Marker] {
    /// The longest marker that stands at `start`; `.maybe` as long as a longer one may yet come.
    func match(_ bytes: [UInt8], at start: Int, isLast: Bool) -> Marker.Match {
        var found = Marker.Match.no
        for marker in self {
            switch (marker.match(bytes, at: start), found) {
            case (.maybe, _): if !isLast { return .maybe }
            case (.yes(let end), .yes(let other)): found = .yes(Swift.max(end, other))
            case (.yes(let end), _): found = .yes(end)
            case (.no, _): break
            }
        }
        return found
    }

    /// Where the first marker begins, or may begin, from `start` on and before `end`.
    func first(
        in bytes: [UInt8], from start: Int = 0, to end: Int = .max, isLast: Bool
    ) -> (index: Int, match: Marker.Match)? {
        let end = Swift.min(end, bytes.count)
        guard !isEmpty, start < end else { return nil }
        for index in start..<end {
            let match = match(bytes, at: index, isLast: isLast)
            if match != .no { return (index, match) }
        }
        return nil
    }
}

extension UInt8 {
    /// White space of JSON.
    var isSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }) else { return "" }
        let last = lastIndex { !$0.isWhitespace } ?? first
        return String(self[first...last])
    }
}
