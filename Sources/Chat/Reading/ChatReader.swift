/// Reads what a model writes, piece by piece, as text, reasoning and tool calls.
///
/// Text that may be the beginning of a marker is held back, with the white space before it, and nothing else is. What
/// looked like a call and is none comes out as text. How the text was cut into pieces makes no difference.
///
/// ```swift
/// var reader = ChatReader(template.format, tools: tools, prompt: prompt)
/// for await piece in pieces { show(reader.append(piece)) }
/// show(reader.finish())
/// ```
package struct ChatReader: Sendable {
    private enum Mode {
        case text
        case reasoning
        case calls(any CallReader)
    }

    private let format: OutputFormat
    private let tools: [String: ChatTool]
    private let reasoningBegin: [Marker]
    private let reasoningEnd: [Marker]
    private let callBegins: [Marker]
    private let silent: [Marker]
    private var input = CallInput()
    private var mode = Mode.text
    /// No text has come yet, so that reasoning, or calls without a mark, may begin.
    private var isAtStart = true
    /// White space that comes next is not the answer's own.
    private var dropsSpace = false

    /// - Parameters:
    ///   - tools: without any, calls are read as text.
    ///   - prompt: what the answer goes on with; it may have opened the reasoning.
    package init(_ format: OutputFormat, tools: [ChatTool], prompt: String) {
        self.format = format
        self.tools = Dictionary(tools.map { ($0.name, $0) }) { $1 }
        reasoningBegin = [format.reasoning.flatMap { Marker($0.begin) }].compactMap(\.self)
        reasoningEnd = [format.reasoning.flatMap { Marker($0.end) }].compactMap(\.self)
        silent = format.silent.compactMap(Marker.init)
        callBegins = tools.isEmpty ? [] : Self.begins(format.calls)
        if case .channels(let channels) = format.calls {
            mode = .calls(ChannelReader(channels))
        } else if format.opensReasoning(prompt) {
            (mode, dropsSpace) = (.reasoning, true)
        }
    }

    private static func begins(_ calls: CallSyntax?) -> [Marker] {
        switch calls {
        case nil, .channels: []
        case .json(let json): json.begins.compactMap(Marker.init)
        case .tagged(let tagged): [tagged.section.begin, tagged.call.begin].compactMap(Marker.init)
        case .pythonic(let span): [span.begin].compactMap(Marker.init)
        case .gemma: [CallSyntax.Gemma.begin].compactMap(Marker.init)
        }
    }

    /// Takes the next piece of the model's text, and gives what is certain now.
    package mutating func append(_ text: String) -> [ChatDelta] {
        input.append(text)
        read()
        return input.takeDeltas()
    }

    /// What was held back, when no more comes.
    package mutating func finish() -> [ChatDelta] {
        input.isLast = true
        read()
        return input.takeDeltas()
    }

    private mutating func read() {
        while step() {}
    }

    /// Reads on; false when more must come.
    private mutating func step() -> Bool {
        switch mode {
        case .text: return text()
        case .reasoning: return reasoning()
        case .calls(var reader):
            let step = reader.step(&input)
            mode = .calls(reader)
            switch step {
            case .again: return true
            case .wait: return false
            case .done:
                input.settle()
                (mode, dropsSpace, isAtStart) = (.text, true, true)
            case .malformed:
                let unsure = input.giveUp()
                input.emit(text: unsure)
                (mode, dropsSpace, isAtStart) = (.text, false, false)
            }
            return !input.bytes.isEmpty
        }
    }

    private mutating func text() -> Bool {
        if isAtStart {
            let space = input.bytes.prefix { $0.isSpace }.count
            switch reasoningBegin.match(input.bytes, at: space, isLast: input.isLast) {
            case .maybe: return false
            case .yes(let end):
                input.drop(end)
                (mode, dropsSpace) = (.reasoning, true)
                return true
            case .no: break
            }
            if let reader = unmarkedCalls() {
                mode = .calls(reader)
                return true
            }
        }
        let markers = callBegins + silent
        let found = markers.first(in: input.bytes, isLast: input.isLast)
        passText(upTo: found?.index ?? input.bytes.count, beforeMarker: found != nil, holdsSpace: !markers.isEmpty)
        guard let found, case .yes = found.match else { return false }
        let space = input.bytes.prefix { $0.isSpace }.count
        guard case .yes(let end) = markers.match(input.bytes, at: space, isLast: input.isLast) else { return true }
        if silent.match(input.bytes, at: space, isLast: true) == .yes(end) {
            input.drop(end)
        } else {
            beginCalls(from: space, to: end)
        }
        return true
    }

    /// Passes text on, but for white space that may belong to a marker behind it.
    private mutating func passText(upTo limit: Int, beforeMarker: Bool, holdsSpace: Bool) {
        var limit = limit
        if dropsSpace {
            let space = input.bytes.prefix(limit).prefix { $0.isSpace }.count
            input.drop(space)
            limit -= space
        }
        let keepsSpace = beforeMarker || (holdsSpace && !input.isLast)
        if keepsSpace { while limit > 0, input.bytes[limit - 1].isSpace { limit -= 1 } }
        guard limit > 0 else { return }
        input.emit(text: input.bytes.prefix(limit))
        input.drop(limit)
        (isAtStart, dropsSpace) = (false, false)
    }

    private mutating func beginCalls(from start: Int, to end: Int) {
        let reader: any CallReader
        switch format.calls {
        case .json(let json): reader = JSONCallReader(json)
        case .tagged(let tagged):
            let section = [Marker(tagged.section.begin)].compactMap(\.self)
            reader = TaggedCallReader(
                tagged, tools: tools, isSection: section.match(input.bytes, at: start, isLast: true) == .yes(end))
        case .pythonic(let span): reader = LooseCallReader.python(span, tools: tools)
        case .gemma: reader = LooseCallReader.gemma(tools: tools)
        case .channels, nil: return
        }
        input.take(end)
        mode = .calls(reader)
    }

    /// A reader of calls that no marker begins, if the answer may be one.
    private func unmarkedCalls() -> (any CallReader)? {
        guard !tools.isEmpty, let first = input.bytes.first(where: { !$0.isSpace }) else { return nil }
        switch format.calls {
        case .json(let json) where json.isWholeAnswer && first == UInt8(ascii: "{"):
            return JSONCallReader(json, onlyNames: Set(tools.keys))
        case .pythonic(let span) where span.begin.isEmpty && first == UInt8(ascii: "["):
            return LooseCallReader.python(span, tools: tools)
        default: return nil
        }
    }

    private mutating func reasoning() -> Bool {
        if dropsSpace {
            input.drop(input.bytes.prefix { $0.isSpace }.count)
            // Some models open again what the prompt has opened.
            switch reasoningBegin.match(input.bytes, at: 0, isLast: input.isLast) {
            case .maybe: return false
            case .yes(let end):
                input.drop(end)
                return true
            case .no: break
            }
            if !input.bytes.isEmpty { dropsSpace = false }
        }
        let found = reasoningEnd.first(in: input.bytes, isLast: input.isLast)
        var limit = found?.index ?? input.bytes.count
        if found != nil || !input.isLast { while limit > 0, input.bytes[limit - 1].isSpace { limit -= 1 } }
        input.emit(reasoning: input.bytes.prefix(limit))
        guard let found, case .yes(let end) = found.match else {
            input.drop(limit)
            return false
        }
        input.drop(end)
        (mode, dropsSpace) = (.text, true)
        return true
    }
}

extension CallSyntax.JSONCalls {
    /// Whether an answer that begins with an object may be calls without a marker.
    var isWholeAnswer: Bool { ends.isEmpty && begins.allSatisfy { $0 == CallSyntax.pythonTag } }
}

extension CallSyntax {
    /// What Llama 3 may write before a call.
    static let pythonTag = "<|python_tag|>"
}

extension OutputFormat {
    /// Whether an answer to `prompt` begins within the model's reasoning.
    package func opensReasoning(_ prompt: String) -> Bool {
        guard let reasoning else { return false }
        return reasoning.begin.isEmpty || prompt.trimmed.hasSuffix(reasoning.begin.trimmed)
    }
}
