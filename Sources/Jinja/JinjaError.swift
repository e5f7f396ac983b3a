/// Why a template does not parse or gives no text.
package struct JinjaError: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case syntax
        /// A value of the wrong type, or a call with wrong arguments.
        case type
        /// Something undefined was used where a value is needed.
        case undefined
        /// A filter, test, method or tag that this interpreter does not know.
        case unknown
        case limit
        /// The template itself refused by `raise_exception`.
        case raised
    }

    package let kind: Kind
    package let message: String
    /// Counted from one; nil until it is known.
    package private(set) var line: Int?

    init(_ kind: Kind, _ message: String, line: Int? = nil) {
        self.kind = kind
        self.message = message
        self.line = line
    }

    func at(_ line: Int) -> JinjaError {
        var error = self
        error.line = self.line ?? line
        return error
    }
}

extension JinjaError: CustomStringConvertible {
    package var description: String { line.map { "line \($0): \(message)" } ?? message }
}
