/// A regular expression of the modest kind that pre-tokenizers are written in, matched without copying.
///
/// It knows literals, classes (`[^\s\p{L}]`, `[...&&[^\p{Han}]]`), `\p{L}`, `\s`, `\S`, `\d`, the greedy quantifiers,
/// groups, `(?i:...)` for ASCII, `(?!...)` with a class, `$`, and alternatives. A repeated class gives scalars back
/// where the rest does not match; a group keeps what it has taken, which makes no difference in the patterns of
/// `PreTokenizer`. There no class that gives scalars back stands before another that would try again on each of them,
/// so that matching is linear.
package struct Pattern: Sendable {
    /// A part of a pattern as it is written.
    indirect enum Part {
        /// As many scalars of a set as there are.
        case run(ScalarSet, least: Int, most: Int)
        /// The first alternative that matches, again and again.
        case group([[Part]], least: Int, most: Int)
        /// The text ends, or goes on with a scalar that is not of the set.
        case notBefore(ScalarSet)
        /// The text ends.
        case end
    }

    /// A part as it is matched: all in one array, and what decides about ASCII at hand.
    private struct Item: Sendable {
        enum Kind { case run, group, notBefore, end }

        var kind: Kind
        var ascii = ScalarSet.ASCII()
        /// Of `sets`.
        var set = 0
        /// Of `branches`.
        var branches = 0..<0
        var least = 1
        var most = 1
    }

    private var items: [Item] = []
    /// Alternatives, as ranges of `items`; those of one group stand side by side.
    private var branches: [Range<Int>] = []
    private var sets: [ScalarSet] = []
    private var alternatives = 0..<0
    /// For each byte of ASCII, the alternatives that may begin with it, a bit each.
    private var starts: [UInt32] = []
    private let traits = ScalarTraits.table

    /// - Parameter source: a valid pattern; patterns stand in the program, not in its input.
    package init(_ source: String) {
        var parser = PatternParser(source)
        let parts = parser.alternatives()
        precondition(parts.count < UInt32.bitWidth, "too many alternatives: \(source)")
        alternatives = append(parts)
        starts = (UInt8(0)..<0x80).map { byte in
            parts.indices.reduce(0) { Self.mayBegin(parts[$1], byte) ? $0 | 1 << UInt32($1) : $0 }
        }
    }

    private mutating func append(_ alternatives: [[Part]]) -> Range<Int> {
        let ranges = alternatives.map { parts in
            // The groups within come first, so that the items of one alternative stay together.
            let sequence = parts.map { item(of: $0) }
            items += sequence
            return (items.count - sequence.count)..<items.count
        }
        branches += ranges
        return (branches.count - ranges.count)..<branches.count
    }

    private mutating func item(of part: Part) -> Item {
        func add(_ set: ScalarSet) -> Int {
            sets.append(set)
            return sets.count - 1
        }
        switch part {
        case .run(let set, let least, let most):
            return Item(kind: .run, ascii: set.ascii, set: add(set), least: least, most: most)
        case .group(let alternatives, let least, let most):
            return Item(kind: .group, branches: append(alternatives), least: least, most: most)
        case .notBefore(let set): return Item(kind: .notBefore, ascii: set.ascii, set: add(set))
        case .end: return Item(kind: .end)
        }
    }

    private static func mayBegin(_ parts: [Part], _ byte: UInt8) -> Bool {
        for part in parts {
            switch part {
            case .run(let set, let least, _):
                if set.ascii.contains(byte) { return true }
                if least > 0 { return false }
            case .group(let alternatives, let least, _):
                if alternatives.contains(where: { mayBegin($0, byte) }) { return true }
                if least > 0 { return false }
            case .notBefore, .end: continue
            }
        }
        return true
    }

    /// The set that this pattern is, for one that is no more than a set.
    package var set: ScalarSet? { items.count == 1 && items[0].kind == .run ? sets[0] : nil }

    /// Where the match ends that begins at `position`, which is before `end`; nil if there is none, or an empty one.
    func match(in text: [UInt8], _ position: Int, _ end: Int) -> Int? {
        let byte = text[position]
        var candidates = byte < 0x80 ? starts[Int(byte)] : 1 << UInt32(alternatives.count) - 1
        while candidates != 0 {
            let branch = branches[alternatives.lowerBound + candidates.trailingZeroBitCount]
            if let found = match(branch, text, position, end), found > position { return found }
            candidates &= candidates - 1
        }
        return nil
    }

    /// Where to look next after no match was found at `position`: past the scalar, or past a run of which no later part
    /// can match either, when the whole run did not.
    func skip(in text: [UInt8], _ position: Int, _ end: Int) -> Int {
        let next = text.scalarEnd(position)
        guard alternatives.count == 1, let first = branches[alternatives.lowerBound].first else { return next }
        let item = items[first]
        return item.kind == .run && item.least <= 1 && item.most == .max
            ? max(run(item, text, position, end).end, next) : next
    }

    private func match(_ branch: Range<Int>, _ text: [UInt8], _ position: Int, _ end: Int) -> Int? {
        guard let index = branch.first else { return position }
        let item = items[index]
        let rest = (index + 1)..<branch.upperBound
        switch item.kind {
        case .run:
            var (count, stop) = run(item, text, position, end)
            guard count >= item.least else { return nil }
            if rest.isEmpty { return stop }
            while true {
                if let found = match(rest, text, stop, end) { return found }
                if count == item.least { return nil }
                count -= 1
                repeat { stop -= 1 } while text[stop] & 0xC0 == 0x80
            }
        case .group:
            var (count, stop) = (0, position)
            while count < item.most, let next = firstMatch(item.branches, text, stop, end), next > stop {
                (count, stop) = (count + 1, next)
            }
            return count >= item.least ? match(rest, text, stop, end) : nil
        case .notBefore:
            return position < end && length(item, text, position) > 0 ? nil : match(rest, text, position, end)
        case .end: return position == end ? match(rest, text, position, end) : nil
        }
    }

    private func firstMatch(_ branches: Range<Int>, _ text: [UInt8], _ position: Int, _ end: Int) -> Int? {
        for branch in branches {
            if let found = match(self.branches[branch], text, position, end) { return found }
        }
        return nil
    }

    private func run(_ item: Item, _ text: [UInt8], _ position: Int, _ end: Int) -> (count: Int, end: Int) {
        var (count, stop) = (0, position)
        while count < item.most, stop < end {
            let length = length(item, text, stop)
            if length == 0 { break }
            (count, stop) = (count + 1, stop + length)
        }
        return (count, stop)
    }

    /// How many bytes the scalar at `position` has if it is of the item's set, else 0.
    @inline(__always)
    private func length(_ item: Item, _ text: [UInt8], _ position: Int) -> Int {
        let byte = text[position]
        return byte < 0x80 ? (item.ascii.contains(byte) ? 1 : 0) : longLength(item.set, text, position)
    }

    private func longLength(_ set: Int, _ text: [UInt8], _ position: Int) -> Int {
        let end = text.scalarEnd(position)
        var value = UInt32(text[position]) & (0x7F >> UInt32(end - position))
        for next in (position + 1)..<end { value = value << 6 | UInt32(text[next] & 0x3F) }
        let isMember = sets[set].holds(value, value < 0x10000 ? traits[Int(value)] : ScalarTraits(value))
        return isMember ? end - position : 0
    }
}
