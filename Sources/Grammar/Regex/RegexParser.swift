/// Reads regular expressions: what RE2 and JavaScript have in common, without what no finite automaton can do.
///
/// Characters, `.` (all but newlines), classes, `\d \w \s` and their opposites (ASCII), escapes with `\n \r \t \f \v
/// \0 \xHH \x{H…} \uHHHH \u{H…}`, groups with and without names, `|`, `* + ? {m} {m,} {m,n}` greedy or not, and `^`
/// and `$` where the pattern or one of its outermost alternatives begins and ends.
struct RegexParser: ScalarParser {
    /// What a pattern says of the text around a match.
    enum Extent {
        /// It must be the whole text.
        case whole
        /// It may stand anywhere, but for `^` and `$`.
        case part
    }

    /// Chosen: as other sources.
    static let byteLimit = 1 << 16

    let scalars: [Unicode.Scalar]
    var index = 0
    private var depth = 0

    init(_ pattern: String) throws(GrammarError) {
        guard pattern.utf8.count <= Self.byteLimit else {
            throw GrammarError("the pattern is longer than \(Self.byteLimit) bytes")
        }
        scalars = Array(pattern.unicodeScalars)
    }

    mutating func parse(_ extent: Extent) throws(GrammarError) -> RegexNode {
        var alternatives: [RegexNode] = []
        repeat {
            let startsText = take("^")
            let body = try sequence()
            let endsText = take("$")
            let parts = (extent == .part && !startsText ? [.anything] : []) + [body]
            alternatives.append(.sequence(parts + (extent == .part && !endsText ? [.anything] : [])))
        } while take("|")
        if let next = peek {
            throw fault(
                next == ")" ? "a ) without a (" : "'\(next)' is supported only where an alternative begins or ends")
        }
        return alternatives.count == 1 ? alternatives[0] : .choice(alternatives)
    }

    func fault(_ reason: String) -> GrammarError {
        GrammarError("the pattern is not supported: \(reason)", at: "character \(min(index + 1, scalars.count))")
    }

    // MARK: Parts

    private mutating func alternatives() throws(GrammarError) -> RegexNode {
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(GrammarError) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = peek, !["|", ")", "$", "^"].contains(scalar) {
            let atom = try atom()
            parts.append(try quantified(atom))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom() throws(GrammarError) -> RegexNode {
        let scalar = try next()
        switch scalar {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case ".": return .set(ScalarSet(["\n"]).inverted)
        case "\\": return .set(try escape(inClass: false))
        case "*", "+", "?":
            index -= 1
            throw fault("nothing stands before \(scalar)")
        case "{" where hasCount: throw fault("nothing stands before the count")
        default: return .set(ScalarSet([scalar]))
        }
    }

    private mutating func group() throws(GrammarError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw fault("groups are nested more than \(Self.depthLimit) deep") }
        if take("?") { try groupHead() }
        let body = try alternatives()
        if peek == "^" || peek == "$" { throw fault("^ and $ within a group") }
        guard take(")") else { throw fault("a ( without a )") }
        return body
    }

    /// What stands between `(?` and a group's body.
    private mutating func groupHead() throws(GrammarError) {
        if take(":") { return }
        let isPython = take("P")
        guard take("<"), peek != "=", peek != "!" else {
            throw fault(
                isPython
                    ? "a reference to a group"
                    : peek.map { "<=!".unicodeScalars.contains($0) } ?? false
                        ? "looking ahead or behind" : "flags, conditions and atomic groups")
        }
        while try next() != ">" {}
    }

    private mutating func quantified(_ atom: RegexNode) throws(GrammarError) -> RegexNode {
        guard let (min, max) = try count() else { return atom }
        // A lazy quantifier matches the same texts.
        if !take("?"), peek == "+" { throw fault("possessive quantifiers") }
        if peek == "*" || peek == "+" || peek == "?" || hasCount { throw fault("a quantifier of a quantifier") }
        return .repeated(atom, min: min, max: max)
    }

    private mutating func count() throws(GrammarError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard hasCount, take("{") else { return nil }
        let min = try number()
        let max: Int? = take(",") ? (peek == "}" ? nil : try number()) : min
        return try closeCount(min, max)
    }

    /// Whether a count stands here; other braces stand for themselves.
    private var hasCount: Bool {
        guard peek == "{" else { return false }
        // No further than a count goes: at thousands of braces each would look through all that follow.
        func behindDigits(from start: Int) -> Int {
            scalars[start...].firstIndex { !("0"..."9").contains($0) } ?? scalars.count
        }
        var end = behindDigits(from: index + 1)
        guard end > index + 1 else { return false }
        if end < scalars.count, scalars[end] == "," { end = behindDigits(from: end + 1) }
        return end < scalars.count && scalars[end] == "}"
    }

    // MARK: Classes and escapes

    private mutating func characterClass() throws(GrammarError) -> ScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while isFirst || peek != "]" {
            isFirst = false
            if peek == "[", index + 1 < scalars.count, [":", ".", "="].contains(scalars[index + 1]) {
                throw fault("classes with names")
            }
            let low = try classMember()
            // At the end of a class a minus stands for itself.
            guard peek == "-", index + 1 < scalars.count, scalars[index + 1] != "]",
                let first = low.ranges.first, low.ranges.count == 1, first.count == 1
            else {
                ranges += low.ranges
                continue
            }
            index += 1
            guard let last = try classMember().ranges.last, last.count == 1, last.lowerBound >= first.lowerBound else {
                throw fault("a range that ends before it begins")
            }
            ranges.append(first.lowerBound...last.lowerBound)
        }
        index += 1
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func classMember() throws(GrammarError) -> ScalarSet {
        let scalar = try next()
        return scalar == "\\" ? try escape(inClass: true) : ScalarSet([scalar])
    }

    private mutating func escape(inClass: Bool) throws(GrammarError) -> ScalarSet {
        let scalar = try next()
        switch scalar {
        case "d": return Self.digits
        case "D": return Self.digits.inverted
        case "w": return Self.word
        case "W": return Self.word.inverted
        case "s": return Self.space
        case "S": return Self.space.inverted
        case "n": return ScalarSet(["\n"])
        case "r": return ScalarSet(["\r"])
        case "t": return ScalarSet(["\t"])
        case "f": return ScalarSet(["\u{C}"])
        case "v": return ScalarSet(["\u{B}"])
        case "0": return ScalarSet(["\0"])
        case "b" where inClass: return ScalarSet(["\u{8}"])
        case "x": return ScalarSet([try hexadecimal(2)])
        case "u": return ScalarSet([try hexadecimal(4)])
        case "p", "P": throw fault("classes of Unicode, \\\(scalar)")
        case "b", "B", "A", "z", "Z", "G": throw fault("the anchor \\\(scalar)")
        case "1"..."9", "k": throw fault("references to groups, \\\(scalar)")
        case "a"..."z", "A"..."Z": throw fault("the escape \\\(scalar)")
        default: return ScalarSet([scalar])
        }
    }

    /// `HH`, `HHHH` or `{H…}`.
    private mutating func hexadecimal(_ count: Int) throws(GrammarError) -> Unicode.Scalar {
        var digits = ""
        if take("{") {
            while let scalar = peek, scalar != "}", digits.count < 8 {
                digits.unicodeScalars.append(scalar)
                index += 1
            }
            guard take("}") else { throw fault("a { without a }") }
        } else {
            for _ in 0..<count { digits.unicodeScalars.append(try next()) }
        }
        return try scalar(hexadecimal: digits)
    }

    private static let digits = ScalarSet("0"..."9")
    private static let word = ScalarSet("0"..."9", "A"..."Z", "_"..."_", "a"..."z")
    private static let space = ScalarSet("\t"..."\r", " "..." ")
}
