import Jinja
import OrderedCollections

/// The arguments of a call as an object of an answer; an empty one where a model wrote no object.
struct JSONObject: Encodable, Sendable {
    var value: Value

    init(text: String) {
        value = [:]
        if let parsed = try? Value(json: text), case .dictionary = parsed { value = parsed }
    }

    private init(_ value: Value) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .dictionary(let items):
            // In a dictionary the encoder leaves keys as they are, whatever it makes of the names of fields.
            let pairs = items.compactMap { key, value in
                if case .string(let name) = key { (name, JSONObject(value)) } else { nil }
            }
            try container.encode(Dictionary(pairs) { $1 })
        case .list(let items), .tuple(let items): try container.encode(items.map { JSONObject($0) })
        case .string(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .float(let number): try container.encode(number)
        case .boolean(let flag): try container.encode(flag)
        case .none, .undefined, .object: try container.encodeNil()
        }
    }
}
