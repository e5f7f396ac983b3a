/// The numbers between two bounds, as JSON writes them without an exponent.
struct NumberRange {
    struct Bound {
        var value: Decimal
        var isIncluded: Bool

        init(_ value: Decimal, isIncluded: Bool) {
            self.value = value
            self.isIncluded = isIncluded
        }

        fileprivate var negated: Bound { Bound(value.negated, isIncluded: isIncluded) }
        fileprivate static let zero = Bound(.zero, isIncluded: true)
    }

    var low: Bound?
    var high: Bound?

    // MARK: Signs

    var integers: GrammarExpression { signed { Self.wholeNumbers($0, $1) } }

    var numbers: GrammarExpression { signed { Self.decimals($0, $1) } }

    /// - Parameter magnitudes: numbers from 0 between two bounds.
    private func signed(_ magnitudes: (Bound, Bound?) -> GrammarExpression) -> GrammarExpression {
        var choices: [GrammarExpression] = []
        let isBelowZero = high.map { $0.value.isNegative || $0.value.isZero && !$0.isIncluded } ?? false
        if !isBelowZero {
            let least = low.flatMap { $0.value.isNegative ? nil : $0 } ?? .zero
            choices.append(magnitudes(least, high))
        }
        // -0 is 0, which is written without a sign.
        if low.map(\.value.isNegative) ?? true {
            let least = high.flatMap { $0.value.isNegative ? $0.negated : nil } ?? Bound(.zero, isIncluded: false)
            choices.append(.sequence([.text("-"), magnitudes(least, low.map(\.negated))]))
        }
        return .choice(choices)
    }

    // MARK: Whole numbers

    private static func wholeNumbers(_ low: Bound, _ high: Bound?) -> GrammarExpression {
        let least = low.value.isWhole && low.isIncluded ? low.value : low.value.truncated.grown
        guard let high else { return digits(from: least.whole, to: nil) }
        let most: Decimal
        if high.value.isWhole, !high.isIncluded {
            guard !high.value.isZero else { return .never }
            most = high.value.shrunk
        } else {
            most = high.value.truncated
        }
        return most < least ? .never : digits(from: least.whole, to: most.whole)
    }

    /// Whole numbers without zeros in front; 0 has no digits.
    private static func digits(from low: [Int], to high: [Int]?) -> GrammarExpression {
        var choices: [GrammarExpression] = []
        if low.isEmpty { choices.append(.text("0")) }
        let start = low.isEmpty ? [1] : low
        guard let high else {
            choices.append(above(start))
            choices.append(.sequence([.digit(1...9), .digits(start.count, nil)]))
            return .choice(choices)
        }
        for count in start.count..<max(high.count + 1, start.count) {
            let first = count == start.count ? start : [1] + [Int](repeating: 0, count: count - 1)
            let last = count == high.count ? high : [Int](repeating: 9, count: count)
            choices.append(between(first[...], last[...]))
        }
        return .choice(choices)
    }

    /// Numbers of so many digits from `low`.
    private static func above(_ low: [Int]) -> GrammarExpression {
        between(low[...], [Int](repeating: 9, count: low.count)[...])
    }

    /// Numbers between two of the same number of digits.
    private static func between(_ low: ArraySlice<Int>, _ high: ArraySlice<Int>) -> GrammarExpression {
        guard let first = low.first, let last = high.first else { return .empty }
        if low.allSatisfy({ $0 == 0 }), high.allSatisfy({ $0 == 9 }) { return .digits(low.count, low.count) }
        let rest = low.count - 1
        let (zeros, nines) = ([Int](repeating: 0, count: rest), [Int](repeating: 9, count: rest))
        if first == last { return .sequence([.digit(first...first), between(low.dropFirst(), high.dropFirst())]) }
        var choices: [GrammarExpression] = [
            .sequence([.digit(first...first), between(low.dropFirst(), nines[...])]),
            .sequence([.digit(last...last), between(zeros[...], high.dropFirst())]),
        ]
        if last - first > 1 { choices.append(.sequence([.digit(first + 1...last - 1), .digits(rest, rest)])) }
        return .choice(choices)
    }

    // MARK: Numbers with a point

    private static let anyFraction = GrammarExpression.optional(.sequence([.text("."), .digits(1, nil)]))
    private static let someDigitNotZero = GrammarExpression.sequence([
        .repeated(.text("0"), min: 0, max: nil), .digit(1...9), .digits(0, nil),
    ])

    private static func decimals(_ low: Bound, _ high: Bound?) -> GrammarExpression {
        let lowWhole = low.value.whole
        let next = low.value.truncated.grown
        guard let high else {
            return .choice([
                number(lowWhole, fraction(above: low)),
                .sequence([digits(from: next.whole, to: nil), anyFraction]),
            ])
        }
        guard low.value <= high.value else { return .never }
        let highWhole = high.value.truncated
        if lowWhole == highWhole.whole { return number(lowWhole, fraction(low, high)) }
        var choices = [
            number(lowWhole, fraction(above: low)), number(highWhole.whole, fraction(below: high)),
        ]
        let last = highWhole.shrunk
        if next <= last { choices.append(.sequence([digits(from: next.whole, to: last.whole), anyFraction])) }
        return .choice(choices)
    }

    private static func number(_ whole: [Int], _ fraction: GrammarExpression) -> GrammarExpression {
        .sequence([.text(whole.isEmpty ? "0" : whole.map(String.init).joined()), fraction])
    }

    private static func fraction(above low: Bound) -> GrammarExpression {
        let digits = low.value.fraction
        if digits.isEmpty {
            return low.isIncluded ? anyFraction : .sequence([.text("."), someDigitNotZero])
        }
        return .sequence([.text("."), tail(above: digits[...], low.isIncluded)])
    }

    private static func tail(above low: ArraySlice<Int>, _ isIncluded: Bool) -> GrammarExpression {
        guard let first = low.first else { return isIncluded ? .digits(0, nil) : someDigitNotZero }
        let equal = GrammarExpression.sequence([.digit(first...first), tail(above: low.dropFirst(), isIncluded)])
        guard first < 9 else { return equal }
        return .choice([equal, .sequence([.digit(first + 1...9), .digits(0, nil)])])
    }

    private static func fraction(below high: Bound) -> GrammarExpression {
        let digits = high.value.fraction
        if digits.isEmpty {
            return high.isIncluded
                ? .optional(.sequence([.text("."), .repeated(.text("0"), min: 1, max: nil)])) : .never
        }
        return .optional(.sequence([.text("."), tail(below: digits[...], high.isIncluded, isFirst: true)]))
    }

    private static func tail(below high: ArraySlice<Int>, _ isIncluded: Bool, isFirst: Bool) -> GrammarExpression {
        guard let first = high.first else {
            return isIncluded ? .repeated(.text("0"), min: 0, max: nil) : .never
        }
        var choices = [
            GrammarExpression.sequence([
                .digit(first...first), tail(below: high.dropFirst(), isIncluded, isFirst: false),
            ])
        ]
        if first > 0 { choices.append(.sequence([.digit(0...first - 1), .digits(0, nil)])) }
        // What ends here is less, as the bound has no zeros at its end.
        if !isFirst { choices.append(.empty) }
        return .choice(choices)
    }

    /// Fractions between those of two numbers with the same digits before the point.
    private static func fraction(_ low: Bound, _ high: Bound) -> GrammarExpression {
        let count = max(low.value.fraction.count, high.value.fraction.count)
        func padded(_ digits: [Int]) -> [Int] { digits + [Int](repeating: 0, count: count - digits.count) }
        let tail = tail(padded(low.value.fraction)[...], padded(high.value.fraction)[...], low, high)
        let isZeroIncluded = low.value.fraction.isEmpty && low.isIncluded && (high.isIncluded || low.value < high.value)
        let fraction = GrammarExpression.sequence([.text("."), tail])
        guard count > 0 else {
            return isZeroIncluded
                ? .optional(.sequence([.text("."), .repeated(.text("0"), min: 1, max: nil)])) : .never
        }
        return isZeroIncluded ? .optional(fraction) : fraction
    }

    private static func tail(
        _ low: ArraySlice<Int>, _ high: ArraySlice<Int>, _ lowBound: Bound, _ highBound: Bound
    ) -> GrammarExpression {
        guard let first = low.first, let last = high.first else {
            return lowBound.isIncluded && highBound.isIncluded ? .repeated(.text("0"), min: 0, max: nil) : .never
        }
        if first == last {
            return .sequence([
                .digit(first...first), tail(low.dropFirst(), high.dropFirst(), lowBound, highBound),
            ])
        }
        let aboveLow = trimmed(low.dropFirst())
        let belowHigh = trimmed(high.dropFirst())
        var choices: [GrammarExpression] = [
            .sequence([.digit(first...first), tail(above: aboveLow, lowBound.isIncluded)]),
            .sequence([.digit(last...last), tail(below: belowHigh, highBound.isIncluded, isFirst: false)]),
        ]
        if last - first > 1 { choices.append(.sequence([.digit(first + 1...last - 1), .digits(0, nil)])) }
        return .choice(choices)
    }

    private static func trimmed(_ digits: ArraySlice<Int>) -> ArraySlice<Int> {
        digits.prefix((digits.lastIndex { $0 != 0 }.map { $0 + 1 } ?? digits.startIndex) - digits.startIndex)
    }
}
