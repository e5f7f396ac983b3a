/// How characters stand in strings of JSON: each in one way only, so that two spellings of one string are few. What
/// need not be escaped is not.
///
/// Source: RFC 8259, section 7; the choice is llguidance's.
enum JSONCharacters {
    /// Characters that stand for themselves. DEL is escaped, as it is invisible.
    static let plain = ScalarSet([0x20...0x21, 0x23...0x5B, 0x5D...0x7E, 0x80...0x10FFFF])
    static let plainBytes = plain.byteRanges

    private static let short: [(scalar: UInt32, letter: String)] = [
        (0x22, "\""), (0x5C, "\\"), (0x08, "b"), (0x0C, "f"), (0x0A, "n"), (0x0D, "r"), (0x09, "t"),
    ]

    /// Any character as a string holds it.
    static let any = escaped(.all)

    /// One character of a set as a string holds it.
    static func escaped(_ set: ScalarSet) -> GrammarExpression {
        var choices: [GrammarExpression] = []
        let raw = set.intersection(plain)
        if !raw.isEmpty { choices.append(.character(raw)) }
        let letters = short.filter { set.contains($0.scalar) }.compactMap { $0.letter.unicodeScalars.first }
        if !letters.isEmpty { choices.append(.sequence([.text("\\"), .character(ScalarSet(letters))])) }
        for (high, scalars): (String, ClosedRange<UInt32>) in [("0", 0...0xF), ("1", 0x10...0x1F), ("7", 0x7F...0x7F)] {
            let digits = scalars.filter { set.contains($0) }.flatMap { scalar -> [Unicode.Scalar] in
                let digit = String(scalar & 0xF, radix: 16)
                return Array(Set((digit + digit.uppercased()).unicodeScalars))
            }
            if !digits.isEmpty {
                choices.append(.sequence([.text("\\u00\(high)"), .character(ScalarSet(digits))]))
            }
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    /// Exactly this text, without quotes, in one spelling.
    static func escaped(_ text: String) -> GrammarExpression {
        .sequence(
            text.unicodeScalars.map { scalar in
                if let letter = short.first(where: { $0.scalar == scalar.value })?.letter {
                    return .text("\\\(letter)")
                }
                return escaped(ScalarSet([scalar]))
            })
    }

    /// A string of JSON that is `text`.
    static func json(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            if let letter = short.first(where: { $0.scalar == scalar.value })?.letter {
                json += "\\" + letter
            } else if plain.contains(scalar.value) {
                json.unicodeScalars.append(scalar)
            } else {
                json += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
            }
        }
        return json + "\""
    }

    /// A string whose content is `content`.
    static func quoted(_ content: GrammarExpression) -> GrammarExpression {
        .sequence([.text("\""), content, .text("\"")])
    }
}
