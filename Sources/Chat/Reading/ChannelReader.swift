/// Reads answers that are messages with headers, which say to whom they go.
struct ChannelReader: CallReader {
    private enum State {
        case header
        case text
        case reasoning
        case call
    }

    /// Chosen: several times the longest header of a call.
    private static let headerLimit = 512

    private let channels: CallSyntax.Channels
    private let begins: [Marker]
    private let headerEnd: [Marker]
    private let ends: [Marker]
    private var state = State.header
    private var hasArguments = false
    /// What stands first is text, whatever mark it looks like.
    private var isHeadless = false

    init(_ channels: CallSyntax.Channels) {
        self.channels = channels
        begins = channels.begins.compactMap(Marker.init)
        headerEnd = [Marker(channels.headerEnd)].compactMap(\.self)
        ends = channels.ends.compactMap(Marker.init)
    }

    mutating func step(_ input: inout CallInput) -> CallStep {
        state == .header ? header(&input) : body(&input)
    }

    private mutating func header(_ input: inout CallInput) -> CallStep {
        let found =
            channels.headerEnd == "\n"
            ? newline(input) : headerEnd.first(in: input.bytes, to: Self.headerLimit + 1, isLast: input.isLast)
        let isTooLong = (found?.index ?? input.bytes.count) > Self.headerLimit
        guard !isTooLong, let (index, match) = found, case .yes(let end) = match else {
            guard isTooLong || input.isLast else { return .wait }
            if input.bytes.isEmpty { return .done }
            // An answer without a header is text.
            (state, isHeadless) = (.text, true)
            return .again
        }
        let header = String(decoding: input.bytes[..<index], as: UTF8.self)
        input.drop(end)
        switch channels.headerEnd == "\n" ? Self.recipient(named: header) : Self.recipient(in: header) {
        case .user: state = .text
        case .itself: state = .reasoning
        case .tool(let name):
            input.beginCall(id: nil, name: name)
            (state, hasArguments) = (.call, false)
        }
        return .again
    }

    private func newline(_ input: CallInput) -> (index: Int, match: Marker.Match)? {
        input.bytes.prefix(Self.headerLimit + 1).firstIndex(of: 0x0A).map { ($0, .yes($0 + 1)) }
    }

    private enum Recipient: Equatable {
        case user
        case itself
        case tool(String)
    }

    /// `assistant<|channel|>commentary to=functions.NAME <|constrain|>json`, in any order.
    private static func recipient(in header: String) -> Recipient {
        if let to = header.firstRange(of: "to=") {
            let name = header[to.upperBound...].prefix { !$0.isWhitespace && $0 != "<" }
            let plain = name.hasPrefix("functions.") ? name.dropFirst("functions.".count) : name
            if !plain.isEmpty, plain != "assistant", plain != "user" { return .tool(String(plain)) }
        }
        return header.contains("analysis") ? .itself : .user
    }

    /// `all` or the name of a tool: Functionary 3.2.
    private static func recipient(named header: String) -> Recipient {
        let name = header.trimmed
        return name == "all" || name.isEmpty ? .user : .tool(name)
    }

    private mutating func body(_ input: inout CallInput) -> CallStep {
        let found = (ends + begins).first(in: input.bytes, from: isHeadless ? 1 : 0, isLast: input.isLast)
        var length = found?.index ?? input.bytes.count
        // White space before a mark is the mark's.
        let isHeldBack = found != nil || !input.isLast
        if isHeldBack { while length > 0, input.bytes[length - 1].isSpace { length -= 1 } }
        let piece = input.bytes.prefix(length)
        if length > 0 { isHeadless = false }
        switch state {
        case .reasoning: input.emit(reasoning: piece)
        case .call:
            hasArguments = hasArguments || piece.contains { !$0.isSpace }
            input.emit(arguments: piece)
        case .text, .header: input.emit(text: piece)
        }
        guard let found, case .yes(let end) = found.match else {
            input.drop(length)
            if input.isLast { endMessage(&input) }
            return input.isLast ? .done : .wait
        }
        endMessage(&input)
        // What begins a header may be a part of it.
        input.drop(ends.match(input.bytes, at: found.index, isLast: true) == .yes(end) ? end : found.index)
        state = .header
        return .again
    }

    private mutating func endMessage(_ input: inout CallInput) {
        guard state == .call else { return }
        if !hasArguments { input.emit(arguments: "{}".utf8) }
        input.endCall()
    }
}
