/// The scalars that a pattern allows at a place, `[^\s\p{L}]` for one.
package struct ScalarSet: Sendable {
    /// A bit for each general category (`ScalarTraits`).
    var categories: UInt32 = 0
    var includesWhitespace = false
    var ranges: [ClosedRange<UInt32>] = []
    /// Taken out of what the others include.
    var excluded: [ClosedRange<UInt32>] = []
    var isNegated = false
    /// The members among ASCII, once `prepare` has been called.
    private(set) var ascii = ASCII()

    /// A bit for each character of ASCII.
    struct ASCII: Sendable {
        private var low: UInt64 = 0
        private var high: UInt64 = 0

        mutating func insert(_ byte: UInt8) {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }

        @inline(__always) func contains(_ byte: UInt8) -> Bool {
            (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
        }
    }

    init() {}

    /// Must be called once the set is complete.
    mutating func prepare() {
        ranges = ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { apart, range in
            if let last = apart.last, range.lowerBound <= last.upperBound {
                apart[apart.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                apart.append(range)
            }
        }
        ascii = ASCII()
        for byte in UInt8(0)..<0x80 where holds(UInt32(byte), ScalarTraits(UInt32(byte))) { ascii.insert(byte) }
    }

    func holds(_ value: UInt32, _ traits: ScalarTraits) -> Bool {
        let isIncluded =
            categories >> traits.category & 1 == 1 || includesWhitespace && traits.isWhitespace
            || !ranges.isEmpty && Self.contains(ranges, value)
        return isIncluded != isNegated && !(!excluded.isEmpty && Self.contains(excluded, value))
    }

    package func contains(_ scalar: Unicode.Scalar) -> Bool { holds(scalar.value, ScalarTraits(scalar.value)) }

    /// - Parameter ranges: in ascending order, and apart.
    private static func contains(_ ranges: [ClosedRange<UInt32>], _ value: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }
}

/// What patterns ask about a scalar, in a byte: its general category, and whether it is white space.
struct ScalarTraits: Sendable {
    private let bits: UInt8

    private init(bits: UInt8) { self.bits = bits }

    /// What is no scalar has the traits of U+FFFD.
    init(_ value: UInt32) {
        let properties = (Unicode.Scalar(value) ?? "\u{FFFD}").properties
        bits = Self.indices[properties.generalCategory, default: 0] | (properties.isWhitespace ? 0x20 : 0)
    }

    var category: UInt8 { bits & 0x1F }

    var isWhitespace: Bool { bits & 0x20 != 0 }

    /// The traits of the scalars below U+10000: asking the standard library each time would take most of the time.
    static let table = (UInt32(0)..<0x10000).map { ScalarTraits($0) }

    /// The categories that `\p{name}` names: `L` and all that begin with it, or `Lu` alone; empty for no such name.
    static func categories(_ name: String) -> UInt32 {
        letters.indices.reduce(0) { letters[$1].name.hasPrefix(name) ? $0 | 1 << UInt32($1) : $0 }
    }

    private static let indices = Dictionary(uniqueKeysWithValues: zip(letters.map(\.category), UInt8(0)...))

    private static let letters: [(name: String, category: Unicode.GeneralCategory)] = [
        ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
        ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
        ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
        ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
        ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
        ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
        ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
        ("Cn", .unassigned),
    ]
}

extension ScalarSet {
    /// The script Han. Source: Unicode 17, Scripts.txt.
    static let han: [ClosedRange<UInt32>] = [
        0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029,
        0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9, 0x16FE2...0x16FE3,
        0x16FF0...0x16FF6, 0x20000...0x2A6DF, 0x2A700...0x2B81D, 0x2B820...0x2CEAD, 0x2CEB0...0x2EBE0,
        0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D, 0x30000...0x3134A, 0x31350...0x33479,
    ]
}
