import Jinja

/// Reads calls whose name stands outside of their arguments.
struct TaggedCallReader: CallReader {
    private enum State {
        /// Behind the mark of a section, of a call, or of a call's end.
        case between
        case header
        /// Before arguments that are JSON.
        case json
        case arguments(ArgumentsPasser)
        /// Before an argument.
        case parameters
        case key
        case value(Value)
        /// Behind the arguments.
        case ending
    }

    /// Chosen: the longest name that OpenAI's API takes is 64 bytes; an id stands beside it.
    private static let headerLimit = 256

    private let format: CallSyntax.TaggedCalls
    private let tools: [String: ChatTool]
    private let beginning: [Marker]
    private let sectionEnd: [Marker]
    private let callBegin: [Marker]
    private let callEnd: [Marker]
    private var state: State
    private var name = ""
    private var id: String?
    private var hasArguments = false
    /// What ends the value that is read.
    private var valueEnd: [Marker] = []
    private var hasBegunValue = false
    /// The leading bytes in which no end of a key or a value begins: they are not searched again.
    private var searched = 0

    /// - Parameter isSection: whether the marker that was found began a section, and not a call.
    init(_ format: CallSyntax.TaggedCalls, tools: [String: ChatTool], isSection: Bool) {
        self.format = format
        self.tools = tools
        beginning = [Marker(format.section.begin)].compactMap(\.self)
        sectionEnd = [Marker(format.section.end)].compactMap(\.self)
        callBegin = [Marker(format.call.begin)].compactMap(\.self)
        callEnd = [Marker(format.call.end)].compactMap(\.self)
        state = isSection ? .between : .header
    }

    mutating func step(_ input: inout CallInput) -> CallStep {
        switch state {
        case .between: return between(&input)
        case .header: return header(&input)
        case .json: return json(&input)
        case .arguments(var passer):
            let step = passer.step(&input)
            state = .arguments(passer)
            switch step {
            case .again, .wait: return step
            case .done, .malformed: state = .ending
            }
            return .again
        case .parameters: return parameters(&input)
        case .key: return key(&input)
        case .value(let schema): return value(schema, &input)
        case .ending: return endCall(&input)
        }
    }

    private mutating func between(_ input: inout CallInput) -> CallStep {
        let space = input.bytes.prefix { $0.isSpace }.count
        switch (sectionEnd + callBegin + beginning).match(input.bytes, at: space, isLast: input.isLast) {
        case .maybe: return .wait
        case .no:
            guard space < input.bytes.count else { return input.isLast ? .done : .wait }
            // The end of a section may be cut off, as what ends a text is no part of it.
            guard input.isLast, sectionEnd.match(input.bytes, at: space, isLast: false) == .maybe else {
                return .malformed
            }
            input.drop(input.bytes.count)
            return .done
        case .yes(let end):
            let isEnd = sectionEnd.match(input.bytes, at: space, isLast: true) == .yes(end)
            let isCall = callBegin.match(input.bytes, at: space, isLast: true) == .yes(end)
            input.take(end)
            if isCall { state = .header }
            return isEnd ? .done : .again
        }
    }

    private mutating func header(_ input: inout CallInput) -> CallStep {
        let stops =
            [Marker(format.headerEnd)].compactMap(\.self)
            + (format.headerEnd.isEmpty
                ? [format.parameters.flatMap { Marker($0.begin) }].compactMap(\.self) + callEnd : [])
        let found = stops.first(in: input.bytes, to: Self.headerLimit + 1, isLast: input.isLast)
        if (found?.index ?? input.bytes.count) > Self.headerLimit { return .malformed }
        guard let (index, match) = found, case .yes(let end) = match else { return input.isLast ? .malformed : .wait }
        guard let (name, id) = parts(of: String(decoding: input.bytes[..<index], as: UTF8.self))
        else { return .malformed }
        self.name = name
        input.take(format.headerEnd.isEmpty ? index : end)
        guard format.parameters != nil else {
            self.id = id
            state = .json
            return .again
        }
        input.beginCall(id: id, name: name)
        input.emit(arguments: "{".utf8)
        hasArguments = false
        state = .parameters
        return .again
    }

    /// The name and the id in what stands before the arguments.
    private func parts(of header: String) -> (name: String, id: String?)? {
        var name = header.trimmed
        var id: String?
        switch format.header {
        case .name: break
        case .nameThenID(let separator), .idThenName(let separator):
            guard let place = name.firstRange(of: separator) else { break }
            let sides = (name[..<place.lowerBound].trimmed, name[place.upperBound...].trimmed)
            if case .idThenName = format.header { (id, name) = sides } else { (name, id) = sides }
        case .numbered:
            id = name
            if name.hasPrefix("functions.") { name.removeFirst("functions.".count) }
            if let colon = name.lastIndex(of: ":") { name = String(name[..<colon]) }
        }
        let isName = !name.isEmpty && !name.contains { $0.isWhitespace || "<>{}\"".contains($0) }
        return isName ? (name, id?.isEmpty == true ? nil : id) : nil
    }

    private mutating func json(_ input: inout CallInput) -> CallStep {
        input.skipSpace()
        guard let byte = input.bytes.first else { return input.isLast ? .malformed : .wait }
        guard byte == UInt8(ascii: "{") else { return .malformed }
        input.beginCall(id: id, name: name)
        state = .arguments(ArgumentsPasser())
        return .again
    }

    private mutating func parameters(_ input: inout CallInput) -> CallStep {
        guard let format = format.parameters else { preconditionFailure("no parameters in this format") }
        let begin = [Marker(format.begin)].compactMap(\.self)
        input.skipSpace()
        switch (begin + callEnd).match(input.bytes, at: 0, isLast: input.isLast) {
        case .maybe: return .wait
        case .no:
            if input.bytes.isEmpty && !input.isLast { return .wait }
        case .yes(let end):
            if case .yes = begin.match(input.bytes, at: 0, isLast: true) {
                input.take(end)
                state = .key
                return .again
            }
        }
        // A call that was cut off gets no end: its client shall see that.
        if !input.isLast || !input.bytes.isEmpty { input.emit(arguments: "}".utf8) }
        state = .ending
        return .again
    }

    private mutating func key(_ input: inout CallInput) -> CallStep {
        guard let format = format.parameters else { preconditionFailure("no parameters in this format") }
        let stop = [Marker(format.valueBegin.isEmpty ? format.keyEnd : format.valueBegin)].compactMap(\.self)
        let found = stop.first(in: input.bytes, from: searched, isLast: input.isLast)
        searched = found?.index ?? input.bytes.count
        guard let (index, match) = found, case .yes(let end) = match else {
            return input.isLast ? breakOff(&input) : .wait
        }
        searched = 0
        let text = String(decoding: input.bytes[..<index], as: UTF8.self)
        let key = text.firstRange(of: format.keyEnd).map { text[..<$0.lowerBound] } ?? text[...]
        input.take(end)
        let plain = key.trimmed
        input.emit(arguments: [UInt8]((hasArguments ? ", " : "").utf8) + ArgumentWriter.quoted(plain.utf8))
        input.emit(arguments: ": ".utf8)
        (hasArguments, hasBegunValue) = (true, false)
        valueEnd = [Marker(format.end.replacing("\u{0}", with: plain))].compactMap(\.self)
        state = .value(tools[name]?.schema(of: plain) ?? .none)
        return .again
    }

    private mutating func value(_ schema: Value, _ input: inout CallInput) -> CallStep {
        guard let format = format.parameters else { preconditionFailure("no parameters in this format") }
        if !hasBegunValue, format.ownLines {
            guard let byte = input.bytes.first else { return input.isLast ? breakOff(&input) : .wait }
            if byte == 0x0A { input.take(1) }
        }
        let isString = ArgumentWriter.isString(schema)
        if !hasBegunValue, isString { input.emit(arguments: "\"".utf8) }
        hasBegunValue = true
        let found = valueEnd.first(in: input.bytes, from: searched, isLast: input.isLast)
        searched = found?.index ?? input.bytes.count
        var length = found?.index ?? input.bytes.count
        if format.ownLines, length > 0, input.bytes[length - 1] == 0x0A { length -= 1 }
        if let found, case .yes(let end) = found.match {
            let text = input.bytes[..<length]
            input.emit(
                arguments: isString ? ArgumentWriter.escaped(text) + [0x22] : ArgumentWriter.json(Array(text), schema))
            input.take(end)
            searched = 0
            state = .parameters
            return .again
        }
        guard isString || input.isLast else { return .wait }
        input.emit(arguments: ArgumentWriter.escaped(input.bytes[..<length]))
        input.take(length)
        searched -= length
        return input.isLast ? breakOff(&input) : .wait
    }

    /// The text ends within a call.
    private mutating func breakOff(_ input: inout CallInput) -> CallStep {
        input.drop(input.bytes.count)
        state = .ending
        return .again
    }

    /// The arguments are over; what ends a call may come.
    private mutating func endCall(_ input: inout CallInput) -> CallStep {
        let space = input.bytes.prefix { $0.isSpace }.count
        switch callEnd.match(input.bytes, at: space, isLast: false) {
        case .yes(let end): input.drop(end)
        case .maybe where input.isLast: input.drop(input.bytes.count)
        case .maybe: return .wait
        case .no: break
        }
        input.endCall()
        state = .between
        return format.section.end.isEmpty ? .done : .again
    }
}
