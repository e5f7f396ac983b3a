/// The order of a unit's sequences: those in front get pages first, and those behind yield theirs. By priority, then by
/// turns of those who ask, then by age.
///
/// ```swift
/// SequenceRank(age: 1) < SequenceRank(age: 2)
/// SequenceRank(priority: 1, age: 2) < SequenceRank(age: 1)
/// ```
package struct SequenceRank: Comparable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    package let priority: Int
    /// What turns there are is for others to say; smaller ones come first.
    package let turn: Double
    /// The number of the sequence's arrival, unique in the unit.
    package let age: UInt64

    package init(priority: Int = 0, turn: Double = 0, age: UInt64) {
        (self.priority, self.turn, self.age) = (priority, turn, age)
    }

    package init(integerLiteral age: UInt64) { self.init(age: age) }

    package static func < (a: SequenceRank, b: SequenceRank) -> Bool {
        (-a.priority, a.turn, a.age) < (-b.priority, b.turn, b.age)
    }
}
