import Synchronization

/// Other names of models, which may change while the server runs.
package final class AliasTable: Sendable, ExpressibleByDictionaryLiteral {
    private let table: Mutex<[String: String]>

    package init(_ names: [String: String]) { table = Mutex(names) }

    package convenience init(dictionaryLiteral pairs: (String, String)...) {
        self.init(Dictionary(pairs) { $1 })
    }

    /// The models' own names by the others.
    package var names: [String: String] {
        get { table.withLock { $0 } }
        set { table.withLock { $0 = newValue } }
    }
}
