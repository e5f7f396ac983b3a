import Jinja
import OrderedCollections

/// Reads calls in the notations that are almost JSON: Python's `f(a=1, b='x')` and Gemma's `f{a:1,b:<|"|>x<|"|>}`.
struct LooseCallReader: CallReader {
    private enum State {
        case between
        case name
        case arguments
        case string(end: StringEnd)
        /// Behind the arguments.
        case ending
    }

    private enum StringEnd {
        case quote(UInt8)
        case marker(Marker)
    }

    /// A list or object that is open, and how far it has come.
    private struct Container {
        var isObject: Bool
        var count = 0
        /// A key was written, and its value is to come.
        var hasKey = false
    }

    /// Chosen: as `TaggedCallReader` takes.
    private static let nameLimit = 256
    /// The longest key or value without quotes; what goes on is another. Chosen: longer than any number.
    private static let wordLimit = 1024

    private let ends: [Marker]
    private let isPython: Bool
    private let tools: [String: ChatTool]
    /// Only calls of known tools are calls, as no marker told that these are.
    private let mustBeKnown: Bool
    private let quote: [Marker]
    private var state: State
    private var containers: [Container] = []
    private var name = ""
    private var key = ""
    private var hasCalls = false

    static func python(_ span: OutputFormat.Span, tools: [String: ChatTool]) -> LooseCallReader {
        LooseCallReader(end: span.end, isPython: true, tools: tools, mustBeKnown: span.begin.isEmpty)
    }

    static func gemma(tools: [String: ChatTool]) -> LooseCallReader {
        LooseCallReader(end: CallSyntax.Gemma.end, isPython: false, tools: tools, mustBeKnown: false)
    }

    private init(end: String, isPython: Bool, tools: [String: ChatTool], mustBeKnown: Bool) {
        ends = [Marker(end)].compactMap(\.self)
        quote = isPython ? [] : [Marker(CallSyntax.Gemma.quote)].compactMap(\.self)
        self.isPython = isPython
        self.tools = tools
        self.mustBeKnown = mustBeKnown
        state = isPython ? .between : .name
    }

    mutating func step(_ input: inout CallInput) -> CallStep {
        switch state {
        case .between: between(&input)
        case .name: name(&input)
        case .arguments: arguments(&input)
        case .string(let end): string(end, &input)
        case .ending: ending(&input)
        }
    }

    private mutating func between(_ input: inout CallInput) -> CallStep {
        switch ends.match(input.bytes, at: 0, isLast: input.isLast) {
        case .maybe where !input.bytes.isEmpty: return .wait
        case .yes(let end):
            if hasCalls { input.drop(end) } else { input.take(end) }
            return hasCalls ? .done : .malformed
        default: break
        }
        guard let byte = input.bytes.first else { return input.isLast ? (hasCalls ? .done : .malformed) : .wait }
        if byte.isSpace || "[],;".utf8.contains(byte) {
            if hasCalls { input.drop(1) } else { input.take(1) }
            return .again
        }
        state = .name
        return .again
    }

    private mutating func name(_ input: inout CallInput) -> CallStep {
        let opening = isPython ? UInt8(ascii: "(") : UInt8(ascii: "{")
        let found = input.bytes.firstIndex { !$0.isNameByte }
        if (found ?? input.bytes.count) > Self.nameLimit { return .malformed }
        guard let index = found else { return input.isLast ? .malformed : .wait }
        let name = String(decoding: input.bytes[..<index], as: UTF8.self)
        guard input.bytes[index] == opening, !name.isEmpty, !mustBeKnown || tools[name] != nil else {
            return .malformed
        }
        input.take(index + 1)
        input.beginCall(id: nil, name: name)
        input.emit(arguments: "{".utf8)
        self.name = name
        hasCalls = true
        containers = [Container(isObject: true)]
        state = .arguments
        return .again
    }

    private mutating func arguments(_ input: inout CallInput) -> CallStep {
        guard let byte = input.bytes.first else { return input.isLast ? breakOff(&input) : .wait }
        switch quote.match(input.bytes, at: 0, isLast: input.isLast) {
        case .maybe: return .wait
        case .yes(let end):
            input.take(end)
            return begin(.marker(quote[0]), &input)
        case .no: break
        }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            input.take(1)
            return begin(.quote(byte), &input)
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "("):
            input.take(1)
            beginItem(&input)
            let isObject = byte == UInt8(ascii: "{")
            containers.append(Container(isObject: isObject))
            input.emit(arguments: (isObject ? "{" : "[").utf8)
        case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"):
            input.take(1)
            let container = containers.removeLast()
            input.emit(arguments: (container.isObject ? "}" : "]").utf8)
            if containers.isEmpty { state = .ending } else { endItem() }
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "="):
            input.take(1)
        case _ where byte.isSpace: input.take(1)
        default: return word(&input)
        }
        return .again
    }

    /// Opens a string, which is a key or a value.
    private mutating func begin(_ end: StringEnd, _ input: inout CallInput) -> CallStep {
        beginItem(&input, isString: true)
        input.emit(arguments: "\"".utf8)
        state = .string(end: end)
        return .again
    }

    /// Writes what stands between items; the key as well where a call has values alone.
    private mutating func beginItem(_ input: inout CallInput, isString: Bool = false) {
        let last = containers.count - 1
        if containers[last].hasKey { return }
        if containers[last].count > 0 { input.emit(arguments: ", ".utf8) }
        // A string in an object that is not the call's own is a key.
        guard containers[last].isObject, last == 0 || !isString else { return }
        key = position(containers[last].count)
        input.emit(arguments: ArgumentWriter.quoted(key.utf8) + [UInt8](": ".utf8))
        containers[last].hasKey = true
    }

    /// The name of an argument that has none, by its place.
    private func position(_ index: Int) -> String {
        guard case .dictionary(let properties) = tools[name]?.parameters["properties"], index < properties.count,
            let key = properties.keys[index].text
        else { return "argument\(index + 1)" }
        return key
    }

    /// A key or a value is complete.
    private mutating func endItem(isString: Bool = false) {
        let last = containers.count - 1
        if containers[last].isObject, !containers[last].hasKey, isString {
            containers[last].hasKey = true
        } else {
            containers[last].hasKey = false
            containers[last].count += 1
        }
    }

    private mutating func string(_ end: StringEnd, _ input: inout CallInput) -> CallStep {
        var text: [UInt8] = []
        var index = 0
        var isOver = false
        scan: while index < input.bytes.count {
            let byte = input.bytes[index]
            switch end {
            case .quote(byte):
                index += 1
                isOver = true
                break scan
            case .quote where byte == UInt8(ascii: "\\"):
                guard let (escape, length) = escape(input.bytes[index...]) else { break scan }
                text += escape
                index += length
                continue scan
            case .marker(let marker):
                let match = marker.match(input.bytes, at: index)
                if match == .maybe { break scan }
                if case .yes(let end) = match {
                    index = end
                    isOver = true
                    break scan
                }
            case .quote: break
            }
            text += ArgumentWriter.escaped([byte])
            index += 1
        }
        input.emit(arguments: text)
        input.take(index)
        if isOver {
            let wasKey = containers[containers.count - 1].isObject && !containers[containers.count - 1].hasKey
            input.emit(arguments: (wasKey ? "\": " : "\"").utf8)
            endItem(isString: true)
            state = .arguments
            return .again
        }
        return input.isLast ? breakOff(&input) : .wait
    }

    /// What Python's escape at the start of `text` is in JSON; `nil` as long as it is not complete.
    private func escape(_ text: ArraySlice<UInt8>) -> (json: [UInt8], length: Int)? {
        guard let byte = text.dropFirst().first else { return nil }
        switch byte {
        case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "\""), UInt8(ascii: "\\"):
            return ([UInt8(ascii: "\\"), byte], 2)
        case UInt8(ascii: "'"): return ([byte], 2)
        case UInt8(ascii: "x"), UInt8(ascii: "u"):
            let count = byte == UInt8(ascii: "x") ? 2 : 4
            let digits = text.dropFirst(2).prefix(count)
            let isHexadecimal = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
            if digits.count < count, isHexadecimal { return nil }
            guard isHexadecimal else { return ([UInt8]("\\\\".utf8), 1) }
            return ([UInt8]((count == 2 ? "\\u00" : "\\u").utf8) + digits, 2 + count)
        default: return ([UInt8]("\\\\".utf8), 1)
        }
    }

    /// A key or a value without quotes.
    private mutating func word(_ input: inout CallInput) -> CallStep {
        let start = input.bytes.prefix(Self.wordLimit)
        let ending = start.firstIndex { $0.isSpace || ",:=(){}[]\"'<".utf8.contains($0) }
        let isWhole = start.count == Self.wordLimit || input.isLast
        guard var end = ending ?? (isWhole ? start.count : nil) else { return .wait }
        // A mark of Gemma's may begin here that is none.
        if end == 0 { end = 1 }
        let space = input.bytes[end...].prefix { $0.isSpace }.count
        guard end + space < input.bytes.count || input.isLast else { return .wait }
        let next = end + space < input.bytes.count ? input.bytes[end + space] : 0
        let text = Array(input.bytes[..<end])
        let last = containers.count - 1
        input.take(end)
        if containers[last].isObject, !containers[last].hasKey, next == UInt8(ascii: ":") || next == UInt8(ascii: "=") {
            if containers[last].count > 0 { input.emit(arguments: ", ".utf8) }
            if last == 0 { key = String(decoding: text, as: UTF8.self) }
            input.emit(arguments: ArgumentWriter.quoted(text) + [UInt8](": ".utf8))
            containers[last].hasKey = true
            return .again
        }
        beginItem(&input)
        let schema = last == 0 ? tools[name]?.schema(of: key) ?? .none : .none
        input.emit(
            arguments: ArgumentWriter.isString(schema)
                ? ArgumentWriter.quoted(text) : ArgumentWriter.json(text, schema))
        endItem()
        return .again
    }

    /// The text ends within a call.
    private mutating func breakOff(_ input: inout CallInput) -> CallStep {
        input.drop(input.bytes.count)
        state = .ending
        return .again
    }

    private mutating func ending(_ input: inout CallInput) -> CallStep {
        if isPython {
            input.endCall()
            state = .between
            return .again
        }
        let space = input.bytes.prefix { $0.isSpace }.count
        switch ends.match(input.bytes, at: space, isLast: false) {
        case .maybe where !input.isLast: return .wait
        case .maybe: input.drop(input.bytes.count)
        case .yes(let end): input.drop(end)
        case .no: break
        }
        input.endCall()
        return .done
    }
}

extension UInt8 {
    /// Whether names of tools have this byte.
    fileprivate var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
