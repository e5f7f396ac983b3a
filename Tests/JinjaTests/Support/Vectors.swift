import Foundation
import Jinja

/// What PyPI `jinja2` makes of templates and snippets; written by `tools/golden/jinja_vectors.py`.
struct Vectors {
    let root: [String: Value]

    static let loaded = Result { () throws -> Vectors in
        let data = try Data(contentsOf: Bundle.module.bundleURL.appending(path: "Resources/jinja.json"))
        return Vectors(root: try Value(json: String(decoding: data, as: UTF8.self)).entries)
    }

    var context: [String: Value] { self["context"].entries }

    subscript(name: String) -> Value { root[name] ?? .none }
}

extension Value {
    var entries: [String: Value] {
        guard case .dictionary(let items) = self else { return [:] }
        return Dictionary(uniqueKeysWithValues: items.map { ($0.key.text, $0.value) })
    }

    var items: [Value] { if case .list(let items) = self { items } else { [] } }

    var text: String { if case .string(let text) = self { text } else { "" } }

    subscript(name: String) -> Value { entries[name] ?? .none }
}
