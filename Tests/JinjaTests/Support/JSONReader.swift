import Jinja
import OrderedCollections

/// Reads JSON into values and keeps the order of keys, which Foundation does not.
struct JSONReader {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var position = 0

    static func value(of text: some Sequence<UInt8>) throws -> Value {
        var reader = JSONReader(bytes: Array(text))
        return try reader.value()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        skipSpace()
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    private mutating func value() throws -> Value {
        if take("{") { return try dictionary() }
        if take("[") { return try list() }
        if take("\"") { return .string(try string()) }
        if take("true") { return true }
        if take("false") { return false }
        if take("null") { return .none }
        let text = bytes[position...].prefix { "+-.eE0123456789".utf8.contains($0) }
        position += text.count
        let digits = String(decoding: text, as: UTF8.self)
        if let integer = Int(digits) { return .integer(integer) }
        guard let float = Double(digits) else { throw Malformed() }
        return .float(float)
    }

    private mutating func list() throws -> Value {
        var items: [Value] = []
        while !take("]") {
            items.append(try value())
            _ = take(",")
        }
        return .list(items)
    }

    private mutating func dictionary() throws -> Value {
        var items: OrderedDictionary<Value, Value> = [:]
        while !take("}") {
            guard take("\"") else { throw Malformed() }
            let key = try string()
            guard take(":") else { throw Malformed() }
            items[.string(key)] = try value()
            _ = take(",")
        }
        return .dictionary(items)
    }

    private mutating func string() throws -> String {
        var units: [UInt16] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            var byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\\") {
                byte = bytes[position]
                position += 1
                switch byte {
                case UInt8(ascii: "n"): byte = 0x0A
                case UInt8(ascii: "r"): byte = 0x0D
                case UInt8(ascii: "t"): byte = 0x09
                case UInt8(ascii: "b"): byte = 0x08
                case UInt8(ascii: "f"): byte = 0x0C
                case UInt8(ascii: "u"):
                    let digits = String(decoding: bytes[position..<(position + 4)], as: UTF8.self)
                    guard let unit = UInt16(digits, radix: 16) else { throw Malformed() }
                    units.append(unit)
                    position += 4
                    continue
                default: break
                }
            }
            // The file is ASCII: all else is escaped.
            units.append(UInt16(byte))
        }
        position += 1
        return String(decoding: units, as: UTF16.self)
    }
}
