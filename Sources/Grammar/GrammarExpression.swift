/// What a text may be: the small algebra that patterns, schemas and GBNF are written in.
///
/// ```swift
/// // ["yes"] or ["no"], one to three times, with commas
/// let answer = GrammarExpression.choice([.text("yes"), .text("no")])
/// GrammarExpression.list([.init(answer, count: 1...3)], separator: .text(","))
/// ```
package indirect enum GrammarExpression: Sendable {
    /// These bytes.
    case literal([UInt8])
    /// One character of a set, in UTF-8.
    case character(ScalarSet)
    case sequence([GrammarExpression])
    /// One of them; of no alternatives nothing is one.
    case choice([GrammarExpression])
    /// So many in a row; without `max` any number from `min`.
    case repeated(GrammarExpression, min: Int, max: Int?)
    /// Elements in their order, with the separator between those that are there.
    case list([ListElement], separator: GrammarExpression)
    case rule(String)

    /// Elements of a list that stand side by side: one property of an object, or the items of an array.
    package struct ListElement: Sendable {
        var expression: GrammarExpression
        var min: Int
        /// `nil` for any number.
        var max: Int?

        package init(_ expression: GrammarExpression, count: ClosedRange<Int>) {
            self.expression = expression
            (min, max) = (count.lowerBound, count.upperBound)
        }

        package init(_ expression: GrammarExpression, atLeast min: Int, atMost max: Int? = nil) {
            self.expression = expression
            (self.min, self.max) = (min, max)
        }
    }

    package static let empty = GrammarExpression.literal([])
    /// What no text is.
    package static let never = GrammarExpression.choice([])

    package static func text(_ text: String) -> GrammarExpression { .literal(Array(text.utf8)) }

    package static func optional(_ expression: GrammarExpression) -> GrammarExpression {
        .repeated(expression, min: 0, max: 1)
    }

    /// One ASCII digit of a range.
    static func digit(_ range: ClosedRange<Int> = 0...9) -> GrammarExpression {
        .character(ScalarSet([UInt32(48 + range.lowerBound)...UInt32(48 + range.upperBound)]))
    }

    static func digits(_ min: Int, _ max: Int?) -> GrammarExpression { .repeated(digit(), min: min, max: max) }
}
