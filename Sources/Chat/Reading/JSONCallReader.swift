import Jinja

/// Reads calls that are JSON objects: one, several, or a list of them.
struct JSONCallReader: CallReader {
    private enum State {
        /// Before, between and behind calls.
        case between
        /// In an object, before a key.
        case key
        /// Behind a key.
        case value(of: String)
        case arguments(ArgumentsPasser)
    }

    private let format: CallSyntax.JSONCalls
    private let begins: [Marker]
    private let ends: [Marker]
    /// Names that a call must have; `nil` where a marker told that these are calls.
    private let names: Set<String>?
    private var state = State.between
    private var hasCalls = false
    /// Objects that are open around the call's own: `{"type": "function", "function": {…}}`.
    private var depth = 0
    private var name: String?
    private var id: String?
    /// Arguments that came before the name.
    private var early: [UInt8]?
    private var wasAnnounced = false

    init(_ format: CallSyntax.JSONCalls, onlyNames names: Set<String>? = nil) {
        self.format = format
        self.names = names
        begins = format.begins.compactMap(Marker.init)
        ends = format.ends.compactMap(Marker.init)
    }

    mutating func step(_ input: inout CallInput) -> CallStep {
        switch state {
        case .between: return between(&input)
        case .key: return key(&input)
        case .value(let key): return value(of: key, &input)
        case .arguments(var passer):
            let step = passer.step(&input)
            state = .arguments(passer)
            switch step {
            case .again, .wait: return step
            case .done: state = .key
            case .malformed: endCall(&input)
            }
            return .again
        }
    }

    private mutating func between(_ input: inout CallInput) -> CallStep {
        let separators: [UInt8] = [UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ";")]
        switch ends.match(input.bytes, at: 0, isLast: input.isLast) {
        case .yes(let end):
            if hasCalls { input.drop(end) } else { input.take(end) }
            return hasCalls ? .done : .malformed
        case .maybe: return .wait
        case .no: break
        }
        switch begins.match(input.bytes, at: 0, isLast: input.isLast) {
        case .yes(let end):
            input.take(end)
            return .again
        case .maybe: return .wait
        case .no: break
        }
        guard let byte = input.bytes.first else { return input.isLast ? (hasCalls ? .done : .malformed) : .wait }
        if byte.isSpace || separators.contains(byte) {
            if hasCalls { input.drop(1) } else { input.take(1) }
            return .again
        }
        guard byte == UInt8(ascii: "{") else { return .malformed }
        input.take(1)
        (depth, name, id, early, wasAnnounced) = (0, nil, nil, nil, false)
        state = .key
        return .again
    }

    private mutating func key(_ input: inout CallInput) -> CallStep {
        guard let byte = input.bytes.first else { return needsMore(&input) }
        if byte.isSpace || byte == UInt8(ascii: ",") {
            input.take(1)
            return .again
        }
        if byte == UInt8(ascii: "}") {
            input.take(1)
            if depth > 0 {
                depth -= 1
                return .again
            }
            guard wasAnnounced || (names == nil && announce([UInt8]("{}".utf8), &input)) else { return .malformed }
            endCall(&input)
            return .again
        }
        guard byte == UInt8(ascii: "\"") else { return breakOff(&input) }
        // The key and its colon come off together.
        var span = JSONSpan()
        guard case .complete(let end) = span.advance(input.bytes) else { return needsMore(&input) }
        let space = input.bytes[end...].prefix { $0.isSpace }.count
        guard end + space < input.bytes.count else { return needsMore(&input) }
        guard input.bytes[end + space] == UInt8(ascii: ":"),
            let key = (try? Value(json: String(decoding: input.bytes[..<end], as: UTF8.self)))?.text
        else { return breakOff(&input) }
        // An answer that is JSON, and no call, is known by its keys.
        if names != nil, !wasAnnounced, !isKnown(key) { return .malformed }
        input.take(end + space + 1)
        state = .value(of: key)
        return .again
    }

    private func isKnown(_ key: String) -> Bool {
        [format.nameKey, format.argumentsKey, "type", "id", "function"].contains(key)
    }

    private mutating func value(of key: String, _ input: inout CallInput) -> CallStep {
        let space = input.bytes.prefix { $0.isSpace }.count
        guard space < input.bytes.count else { return needsMore(&input) }
        let first = input.bytes[space]
        if !wasAnnounced, first == UInt8(ascii: "{") {
            if key == "function", format.nameKey != nil {
                input.take(space + 1)
                depth += 1
                state = .key
                return .again
            }
            if format.nameKey == nil { name = key }
            if format.nameKey == nil || key == format.argumentsKey, name != nil {
                input.take(space)
                guard announce([], &input) else { return .malformed }
                state = .arguments(ArgumentsPasser())
                return .again
            }
        }
        var span = JSONSpan()
        let rest = Array(input.bytes[space...])
        let progress = span.advance(rest)
        guard case .complete(let count) = progress, count > 0 else {
            if case .inside = progress { return needsMore(&input) }
            return breakOff(&input)
        }
        input.take(space + count)
        state = .key
        return keep(Array(rest[..<count]), of: key, &input) ? .again : .malformed
    }

    /// Keeps what a value says of the call; false where it makes it none.
    private mutating func keep(_ json: [UInt8], of key: String, _ input: inout CallInput) -> Bool {
        if wasAnnounced { return true }
        let value = try? Value(json: String(decoding: json, as: UTF8.self))
        if key == format.nameKey {
            guard let text = value?.text, !text.isEmpty, names?.contains(text) ?? true else { return false }
            name = text
            if let early { return announce(early, &input) }
        } else if key == format.argumentsKey {
            // Some models write the object as a text, as OpenAI's API does.
            let object = value?.text.map { Array($0.utf8) } ?? (value == Value.none ? [UInt8]("{}".utf8) : json)
            guard object.first(where: { !$0.isSpace }) == UInt8(ascii: "{") else { return false }
            early = object
            if name != nil { return announce(object, &input) }
        } else if key == "id" {
            id = value?.text
        }
        return true
    }

    private mutating func announce(_ arguments: [UInt8], _ input: inout CallInput) -> Bool {
        guard let name, names?.contains(name) ?? true else { return false }
        input.beginCall(id: id, name: name)
        input.emit(arguments: arguments)
        (wasAnnounced, hasCalls) = (true, true)
        return true
    }

    private mutating func endCall(_ input: inout CallInput) {
        input.endCall()
        input.settle()
        state = .between
    }

    /// The text ended within a call, or may go on.
    private mutating func needsMore(_ input: inout CallInput) -> CallStep {
        input.isLast ? breakOff(&input) : .wait
    }

    /// What comes next is not what a call goes on with.
    private mutating func breakOff(_ input: inout CallInput) -> CallStep {
        guard wasAnnounced else { return .malformed }
        endCall(&input)
        return .again
    }
}
