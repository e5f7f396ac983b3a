/// A model that a cost file has nothing of.
package struct CostError: Error, Hashable, Sendable, CustomStringConvertible {
    package var model: String
    /// Models that it has.
    package var known: [String]

    package init(unknownModel model: String, known: [String]) {
        self.model = model
        self.known = known
    }

    package var description: String {
        "no costs of model \(model); the cost file has \(known.joined(separator: ", "))"
    }
}
