/// A number of JSON in decimal digits, as exact as it was written.
struct Decimal: Hashable, Sendable {
    /// Chosen: 64 bits have 20 digits, and floats of 64 bits at most 309 before the point; longer ones are no bounds.
    private static let digitLimit = 400

    let isNegative: Bool
    /// Before the point, without zeros in front.
    let whole: [Int]
    /// After the point, without zeros at the end.
    let fraction: [Int]

    static let zero = Decimal(isNegative: false, whole: [], fraction: [])

    var isZero: Bool { whole.isEmpty && fraction.isEmpty }
    var magnitude: Decimal { Decimal(isNegative: false, whole: whole, fraction: fraction) }

    private init(isNegative: Bool, whole: [Int], fraction: [Int]) {
        self.whole = Array(whole.drop { $0 == 0 })
        self.fraction = Array(fraction.reversed().drop { $0 == 0 }.reversed())
        self.isNegative = isNegative && !(self.whole.isEmpty && self.fraction.isEmpty)
    }

    /// - Returns: `nil` for what is no number of JSON, or has more digits than any number of a program.
    init?(_ text: String) {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative { rest.removeFirst() }
        func digits() -> [Int]? {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest.removeFirst(digits.count)
            return digits.isEmpty || digits.count > Self.digitLimit ? nil : digits.compactMap(\.wholeNumberValue)
        }
        guard var whole = digits(), whole.count == 1 || whole[0] != 0 else { return nil }
        var fraction: [Int] = []
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = digits() else { return nil }
            fraction = digits
        }
        if let letter = rest.first, letter == "e" || letter == "E" {
            rest.removeFirst()
            let shiftsRight = rest.first == "-"
            if let sign = rest.first, sign == "-" || sign == "+" { rest.removeFirst() }
            guard let digits = digits(), digits.count < 10 else { return nil }
            let exponent = digits.reduce(0) { $0 * 10 + $1 }
            guard exponent <= Self.digitLimit || (whole + fraction).allSatisfy({ $0 == 0 }) else { return nil }
            let zeros = [Int](repeating: 0, count: min(exponent, Self.digitLimit))
            if shiftsRight {
                let all = zeros + whole
                (whole, fraction) = (Array(all.dropLast(zeros.count)), all.suffix(zeros.count) + fraction)
            } else {
                let all = fraction + zeros
                (whole, fraction) = (whole + all.prefix(zeros.count), Array(all.dropFirst(zeros.count)))
            }
        }
        guard rest.isEmpty else { return nil }
        self.init(isNegative: isNegative, whole: whole, fraction: fraction)
    }

    var negated: Decimal { Decimal(isNegative: !isNegative, whole: whole, fraction: fraction) }
    var isWhole: Bool { fraction.isEmpty }
    /// Without what stands behind the point.
    var truncated: Decimal { Decimal(isNegative: isNegative, whole: whole, fraction: []) }

    /// The next whole number away from zero.
    var grown: Decimal {
        var digits = [0] + whole
        for index in digits.indices.reversed() {
            digits[index] = (digits[index] + 1) % 10
            if digits[index] != 0 { break }
        }
        return Decimal(isNegative: isNegative, whole: digits, fraction: [])
    }

    /// The next whole number towards zero, of a whole number that is not zero.
    var shrunk: Decimal {
        var digits = whole
        for index in digits.indices.reversed() {
            digits[index] = (digits[index] + 9) % 10
            if digits[index] != 9 { break }
        }
        return Decimal(isNegative: isNegative, whole: digits, fraction: [])
    }
}

extension Decimal: Comparable {
    static func < (a: Decimal, b: Decimal) -> Bool {
        guard a.isNegative == b.isNegative else { return a.isNegative }
        let (small, large) = a.isNegative ? (b, a) : (a, b)
        guard small.whole.count == large.whole.count else { return small.whole.count < large.whole.count }
        return (small.whole + small.fraction).lexicographicallyPrecedes(large.whole + large.fraction)
    }
}
