import Foundation

/// What a client has of a stream of OpenAI's events, so that another worker may go on with it: the same request is sent
/// again, and what the client has already is held against the new stream and left out.
///
/// Two events are the same if their choices are: names and times of answers differ, as do names of calls, and the
/// events of several choices come in any order.
package struct StreamReplay: Sendable {
    /// For each choice, the events that the client has, as hashes of this process; `nil` is what belongs to no choice.
    private var sent: [Int?: [Int]] = [:]
    /// How many of them the current stream has repeated.
    private var repeated: [Int?: Int] = [:]
    /// What the client takes for the answer's name and time.
    private var head: Head?
    /// Whether the stream has come to its own end.
    package private(set) var isWhole = false

    private struct Head {
        var id: String
        var created: Int
    }

    package init() {}

    /// Another stream begins, from its start.
    package mutating func startAgain() { repeated = [:] }

    /// An event of the current stream.
    ///
    /// - Returns: what the client shall get; `nil` where it has that already.
    /// - Throws: `Divergence` where the stream tells something else than the client has.
    package mutating func take(_ event: String) throws(Divergence) -> String? {
        guard event.hasPrefix(Self.prefix) else { return hasRepeatedAll ? event : nil }
        let data = event.dropFirst(Self.prefix.count)
        if data.hasPrefix("[DONE]") {
            guard hasRepeatedAll else { throw Divergence() }
            isWhole = true
            return event
        }
        guard let object = try? JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any] else {
            throw Divergence()
        }
        let choices = object["choices"] as? [[String: Any]] ?? []
        let choice = choices.first?["index"] as? Int
        let hash = Self.hash(choices)
        let place = repeated[choice, default: 0]
        if let known = sent[choice], place < known.count {
            guard known[place] == hash else { throw Divergence() }
            repeated[choice] = place + 1
            return nil
        }
        sent[choice, default: []].append(hash)
        repeated[choice] = place + 1
        return named(event, object)
    }

    private var hasRepeatedAll: Bool { sent.allSatisfy { $0.value.count == repeated[$0.key, default: 0] } }

    /// The event under the name and time that the client knows.
    private mutating func named(_ event: String, _ object: [String: Any]) -> String {
        guard let id = object["id"] as? String, let created = object["created"] as? Int else { return event }
        guard let head else {
            head = Head(id: id, created: created)
            return event
        }
        guard head.id != id else { return event }
        return event.replacing("\"id\":\"\(id)\"", with: "\"id\":\"\(head.id)\"", maxReplacements: 1)
            .replacing("\"created\":\(created)", with: "\"created\":\(head.created)", maxReplacements: 1)
    }

    private static func hash(_ choices: [[String: Any]]) -> Int {
        let plain = choices.map { choice in
            var choice = choice
            if var delta = choice["delta"] as? [String: Any], let calls = delta["tool_calls"] as? [[String: Any]] {
                delta["tool_calls"] = calls.map { $0.filter { $0.key != "id" } }
                choice["delta"] = delta
            }
            return choice
        }
        let data = try? JSONSerialization.data(withJSONObject: plain, options: .sortedKeys)
        return (data ?? Data()).hashValue
    }

    private static let prefix = "data: "
}

/// A stream that was to repeat another tells something else.
package struct Divergence: Error, Sendable, Hashable {}

/// Cuts a stream into whole events, each with what ends it: what a client gets is never half of one.
package struct EventFrames: Sendable {
    /// What ends an event: an empty line, or the end of a line.
    private let end: [UInt8]
    private var rest: [UInt8] = []

    package init(linesOnly: Bool) { end = Array((linesOnly ? "\n" : "\n\n").utf8) }

    /// Bytes of an event that has not ended.
    package var pending: Int { rest.count }

    /// - Complexity: O(bytes).
    package mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
        var events: [String] = []
        for byte in bytes {
            rest.append(byte)
            if byte == 0x0A, rest.suffix(end.count).elementsEqual(end) {
                events.append(String(decoding: rest, as: UTF8.self))
                rest.removeAll(keepingCapacity: true)
            }
        }
        return events
    }
}
