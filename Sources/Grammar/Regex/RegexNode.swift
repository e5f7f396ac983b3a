/// A regular expression over characters.
indirect enum RegexNode: Sendable {
    case set(ScalarSet)
    case sequence([RegexNode])
    case choice([RegexNode])
    case repeated(RegexNode, min: Int, max: Int?)

    static let empty = RegexNode.sequence([])
    /// Any text.
    static let anything = RegexNode.repeated(.set(.all), min: 0, max: nil)

    /// The texts that it matches, each character put as `character` says.
    func expression(_ character: (ScalarSet) -> GrammarExpression) -> GrammarExpression {
        switch self {
        case .set(let set): set.isEmpty ? .never : character(set)
        case .sequence(let parts): .sequence(parts.map { $0.expression(character) })
        case .choice(let parts): .choice(parts.map { $0.expression(character) })
        case .repeated(let part, let min, let max): .repeated(part.expression(character), min: min, max: max)
        }
    }

    /// How many characters a match has, at least and at most; `nil` for no bound.
    var length: (min: Int, max: Int?) {
        switch self {
        case .set: return (1, 1)
        case .sequence(let parts):
            return parts.map(\.length).reduce((0, 0)) { ($0.min + $1.min, Self.sum($0.max, $1.max)) }
        case .choice(let parts):
            let lengths = parts.map(\.length)
            let most = lengths.contains { $0.max == nil } ? nil : lengths.compactMap(\.max).max() ?? 0
            return (lengths.map(\.min).min() ?? 0, most)
        case .repeated(let part, let min, let max):
            let length = part.length
            let (least, overflow) = length.min.multipliedReportingOverflow(by: min)
            guard let most = length.max, let max else {
                return (overflow ? .max >> 8 : least, length.max == 0 ? 0 : nil)
            }
            let (product, overflows) = most.multipliedReportingOverflow(by: max)
            return (overflow ? .max >> 8 : least, overflows ? nil : product)
        }
    }

    private static func sum(_ a: Int?, _ b: Int?) -> Int? {
        guard let a, let b else { return nil }
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? nil : sum
    }
}

extension GrammarDefinition {
    /// The texts that match a pattern whole, whether it is anchored or not.
    ///
    /// - Throws: `GrammarError` for what is no pattern, and for what is not supported, by its name: see `RegexParser`.
    package static func regex(_ pattern: String) throws(GrammarError) -> GrammarDefinition {
        var parser = try RegexParser(pattern)
        return GrammarDefinition(try parser.parse(.whole).expression { .character($0) })
    }
}
