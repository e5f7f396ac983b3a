import Jinja
import NIOCore
import OrderedCollections
import Synchronization

/// Any JSON, with the keys of its objects in the order in which they came: a prompt that tells of tools must be the
/// same each time, and Foundation's decoder forgets the order.
struct OrderedJSON: Decodable {
    static let key: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "weft.json") else { preconditionFailure("a key is any text") }
        return key
    }()

    /// A body, which is read again when someone first asks for the order.
    final class Source: Sendable {
        private let text: ByteBuffer
        private let read = Mutex<Result<Value, JSONFault>?>(nil)

        init(text: ByteBuffer) { self.text = text }

        func value() throws(JSONFault) -> Value {
            try read.withLock { read in
                let result = read ?? Result { () throws(JSONFault) in try Value(json: String(buffer: text)) }
                read = result
                return result
            }.get()
        }
    }

    var value: Value

    init(from decoder: any Decoder) throws {
        guard let source = decoder.userInfo[Self.key] as? Source else {
            preconditionFailure("bodies are decoded by ReceivedBody")
        }
        do throws(JSONFault) {
            value = decoder.codingPath.reduce(try source.value()) { value, key in
                switch value {
                case .dictionary(let items): items[.string(key.stringValue)] ?? .none
                case .list(let items): key.intValue.flatMap { items.indices.contains($0) ? items[$0] : nil } ?? .none
                default: .none
                }
            }
        } catch {
            throw APIError.wrong(decoder.codingPath, error.description)
        }
    }
}
