/// Cuts a stream of server-sent events, which may arrive in pieces of any size, into the data of each event.
///
/// Comments and fields other than `data` are skipped. An event without the empty line that ends it is never given out.
///
/// Source: WHATWG HTML, "Server-sent events".
package struct EventStreamParser {
    private var line: [UInt8] = []
    /// The lines of the current event; `nil` before the first.
    private var data: [UInt8]?
    /// A line feed next belongs to the carriage return before it.
    private var followsReturn = false

    package init() {}

    /// The data of the events that `bytes` completes.
    ///
    /// - Complexity: O(bytes).
    package mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
        var events: [String] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where followsReturn: followsReturn = false
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                followsReturn = byte == UInt8(ascii: "\r")
                if let event = endLine() { events.append(event) }
            default:
                followsReturn = false
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> String? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            defer { data = nil }
            return data.map { String(decoding: $0, as: UTF8.self) }
        }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard name.elementsEqual("data".utf8) else { return nil }
        var value = line.dropFirst(name.count + 1)
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        data = data.map { $0 + [UInt8(ascii: "\n")] + value } ?? Array(value)
        return nil
    }
}
