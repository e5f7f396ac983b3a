/// Reads a `Pattern`. What it does not know is a fault of the program.
struct PatternParser {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var ignoresCase = false

    init(_ source: String) { self.source = Array(source.unicodeScalars) }

    /// All alternatives up to the end of the group, or of the pattern.
    mutating func alternatives() -> [[Pattern.Part]] {
        var alternatives: [[Pattern.Part]] = [[]]
        while position < source.count, source[position] != ")" {
            if take("|") {
                alternatives.append([])
            } else {
                alternatives[alternatives.count - 1].append(part())
            }
        }
        return alternatives
    }

    private mutating func part() -> Pattern.Part {
        if take("$") { return .end }
        if take("(?!") {
            let set = set()
            expect(")")
            return .notBefore(set)
        }
        if take("(?i:") {
            ignoresCase = true
            defer { ignoresCase = false }
            return group()
        }
        if take("(?:") { return group() }
        let set = set()
        let (least, most) = quantity()
        return .run(set, least: least, most: most)
    }

    private mutating func group() -> Pattern.Part {
        let alternatives = alternatives()
        expect(")")
        let (least, most) = quantity()
        return .group(alternatives, least: least, most: most)
    }

    private mutating func quantity() -> (least: Int, most: Int) {
        if take("?") { return (0, 1) }
        if take("*") { return (0, .max) }
        if take("+") { return (1, .max) }
        guard take("{") else { return (1, 1) }
        let least = number()
        let most = take(",") ? number() : least
        expect("}")
        return (least, most)
    }

    private mutating func number() -> Int {
        var number = 0
        while let digit = source[position].properties.numericType == .decimal ? Int(source[position].value) - 48 : nil {
            number = number * 10 + digit
            position += 1
        }
        return number
    }

    /// A class or a single scalar, as a set of its own.
    private mutating func set() -> ScalarSet {
        var set = ScalarSet()
        if take("[") {
            set.isNegated = take("^")
            while !take("]") {
                if take("&&[^\\p{Han}]") { set.excluded = ScalarSet.han } else { member(of: &set, inClass: true) }
            }
        } else if take("\\S") {
            (set.includesWhitespace, set.isNegated) = (true, true)
        } else {
            member(of: &set, inClass: false)
        }
        set.prepare()
        return set
    }

    private mutating func member(of set: inout ScalarSet, inClass: Bool) {
        if take("\\s") {
            set.includesWhitespace = true
        } else if take("\\d") {
            set.categories |= ScalarTraits.categories("Nd")
        } else if take("\\p{Han}") {
            set.ranges += ScalarSet.han
        } else if take("\\p{") {
            var name = ""
            while !take("}") { name.unicodeScalars.append(scalar()) }
            let categories = ScalarTraits.categories(name)
            precondition(categories != 0, "no such category: \(name)")
            set.categories |= categories
        } else {
            let first = scalar().value
            let isRange =
                inClass && position + 1 < source.count && source[position] == "-" && source[position + 1] != "]"
            if isRange { position += 1 }
            let last = isRange ? scalar().value : first
            set.ranges.append(first...last)
            if ignoresCase, let letter = Unicode.Scalar(first), letter.properties.isAlphabetic {
                set.ranges.append((first ^ 0x20)...(first ^ 0x20))
            }
        }
    }

    /// The next scalar, escaped or not.
    private mutating func scalar() -> Unicode.Scalar {
        let isEscaped = take("\\")
        precondition(position < source.count, "the pattern ends early")
        position += 1
        switch source[position - 1] {
        case "n" where isEscaped: return "\n"
        case "r" where isEscaped: return "\r"
        case "t" where isEscaped: return "\t"
        case let scalar: return scalar
        }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let text = Array("\(text)".unicodeScalars)
        guard source[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    private mutating func expect(_ text: StaticString) {
        precondition(take(text), "the pattern has no \(text) at \(position)")
    }
}
