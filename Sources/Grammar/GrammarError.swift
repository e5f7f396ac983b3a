/// Why a grammar, a pattern or a schema was refused, in words for whoever wrote it.
package struct GrammarError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, as a sentence without a full stop: `the keyword 'uniqueItems' is not supported`.
    package let reason: String
    /// Where: a JSON pointer into a schema (`#/properties/a`), a place in a pattern or grammar (`line 3`), or nothing.
    package let place: String?

    package init(_ reason: String, at place: String? = nil) {
        self.reason = reason
        self.place = place
    }

    package var description: String { place.map { "\($0): \(reason)" } ?? reason }

    /// A copy that says where, unless that is known.
    func at(_ place: String) -> GrammarError { self.place == nil ? GrammarError(reason, at: place) : self }
}
