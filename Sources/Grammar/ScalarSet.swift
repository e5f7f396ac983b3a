/// A set of Unicode scalars, as a character class names them.
package struct ScalarSet: Hashable, Sendable {
    /// In order, apart from each other by at least one scalar.
    let ranges: [ClosedRange<UInt32>]

    static let all = ScalarSet([0...0x10FFFF])

    /// - Complexity: O(n log n) for n ranges.
    package init(_ ranges: [ClosedRange<UInt32>]) {
        var joined: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, UInt64(range.lowerBound) <= UInt64(last.upperBound) + 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        self.ranges = joined
    }

    package init(_ scalars: some Sequence<Unicode.Scalar>) { self.init(scalars.map { $0.value...$0.value }) }

    package init(_ scalars: ClosedRange<Unicode.Scalar>...) {
        self.init(scalars.map { $0.lowerBound.value...$0.upperBound.value })
    }

    var isEmpty: Bool { ranges.isEmpty }

    var inverted: ScalarSet {
        var (gaps, next): ([ClosedRange<UInt32>], UInt32) = ([], 0)
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return ScalarSet(gaps)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    func intersection(_ other: ScalarSet) -> ScalarSet { inverted.union(other.inverted).inverted }

    func subtracting(_ other: ScalarSet) -> ScalarSet { inverted.union(other).inverted }

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }
}

extension ScalarSet {
    /// The UTF-8 of the scalars, as sequences of one to four ranges of bytes; surrogates have none.
    ///
    /// Source: Russ Cox, "Regular Expression Matching in the Wild" (2010), step 3.
    var byteRanges: [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        var pending = Array(ranges.reversed())
        while let range = pending.popLast() {
            if let (first, second) = Self.halves(of: range) {
                if let second { pending.append(second) }
                if let first { pending.append(first) }
            } else {
                sequences.append(zip(Self.bytes(range.lowerBound), Self.bytes(range.upperBound)).map { $0...$1 })
            }
        }
        return sequences
    }

    /// Parts of a range whose bytes are no independent ranges; `nil` where they are.
    private static func halves(
        of range: ClosedRange<UInt32>
    ) -> (first: ClosedRange<UInt32>?, second: ClosedRange<UInt32>?)? {
        let (low, high) = (range.lowerBound, range.upperBound)
        if low <= 0xDFFF, high >= 0xD800 {
            return (low < 0xD800 ? low...0xD7FF : nil, high > 0xDFFF ? 0xE000...high : nil)
        }
        for most: UInt32 in [0x7F, 0x7FF, 0xFFFF] where low <= most && most < high {
            return (low...most, most + 1...high)
        }
        guard high >= 0x80 else { return nil }
        for bits: UInt32 in [6, 12, 18] {
            let rest = (UInt32(1) << bits) - 1
            guard low & ~rest != high & ~rest else { continue }
            if low & rest != 0 { return (low...low | rest, (low | rest) + 1...high) }
            if high & rest != rest { return (low...(high & ~rest) - 1, high & ~rest...high) }
        }
        return nil
    }

    private static func bytes(_ scalar: UInt32) -> [UInt8] {
        Unicode.Scalar(scalar).map { Array(Character($0).utf8) } ?? []
    }
}
