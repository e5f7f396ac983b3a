/// Finds a text within another by their bytes. Source: Knuth, Morris & Pratt 1977.
struct ByteSearch {
    private let pattern: [UInt8]
    /// How long a border (a proper prefix that is also a suffix) each prefix has.
    private let borders: [Int]

    init(_ pattern: String) {
        self.pattern = Array(pattern.utf8)
        var borders = [0]
        for byte in self.pattern.dropFirst() {
            var length = borders[borders.count - 1]
            while length > 0, self.pattern[length] != byte { length = borders[length - 1] }
            borders.append(self.pattern[length] == byte ? length + 1 : 0)
        }
        self.borders = borders
    }

    /// Where the pattern stands first in `text[start...]`.
    ///
    /// - Complexity: O(text + pattern).
    func first(in text: [UInt8], from start: Int = 0) -> Range<Int>? {
        if pattern.isEmpty { return start <= text.count ? start..<start : nil }
        var matched = 0
        var index = start
        while index < text.count {
            while matched > 0, pattern[matched] != text[index] { matched = borders[matched - 1] }
            if pattern[matched] == text[index] { matched += 1 }
            index += 1
            if matched == pattern.count { return (index - matched)..<index }
        }
        return nil
    }

    /// Where the pattern stands, from the front, without overlaps; empty patterns stand nowhere.
    func all(in text: [UInt8], limit: Int = .max) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while !pattern.isEmpty, ranges.count < limit, let range = first(in: text, from: start) {
            ranges.append(range)
            start = range.upperBound
        }
        return ranges
    }
}
