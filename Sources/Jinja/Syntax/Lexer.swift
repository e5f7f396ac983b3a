/// Cuts the source of a template into tokens.
///
/// The first newline after a block or comment is dropped, and so is the white space before one on its line, unless a
/// `+` at that side forbids it;
/// a `-` drops all white space at its side.
struct Lexer {
    let source: [UInt8]
    var position = 0
    private var line = 1
    private var lineEnd = 0
    private var tokens: [Token] = []

    init(_ source: String) {
        var normal: [UInt8] = []
        var previous: UInt8 = 0
        for byte in source.utf8 {
            if byte == UInt8(ascii: "\n"), previous == UInt8(ascii: "\r") {
                previous = byte
                continue
            }
            normal.append(byte == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : byte)
            previous = byte
        }
        if normal.last == UInt8(ascii: "\n") { normal.removeLast() }
        self.source = normal
    }

    mutating func scan() throws(JinjaError) -> [Token] {
        while position < source.count { try readText() }
        add(.end)
        return tokens
    }

    /// Takes the text up to the next tag, and the tag.
    private mutating func readText() throws(JinjaError) {
        let start = position
        while position < source.count, !isTagBegin(at: position) { position += 1 }
        guard position < source.count else { return addText(start..<position) }
        let tag = position
        let kind = source[tag + 1]
        position += 2
        let sign = takeSign()
        addText(start..<textEnd(start, tag, sign, isOutput: kind == UInt8(ascii: "{")))
        switch kind {
        case UInt8(ascii: "#"): try skipComment()
        case UInt8(ascii: "{"):
            add(.outputBegin)
            try readTag(.outputEnd, closing: "}}")
        default:
            if takeRawBegin() { return try readRaw() }
            add(.blockBegin)
            try readTag(.blockEnd, closing: "%}")
        }
    }

    private func isTagBegin(at index: Int) -> Bool {
        guard source[index] == UInt8(ascii: "{"), index + 1 < source.count else { return false }
        return [UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "#")].contains(source[index + 1])
    }

    /// Where the text before a tag ends, by the sign that the tag begins with.
    private func textEnd(_ start: Int, _ tag: Int, _ sign: UInt8?, isOutput: Bool) -> Int {
        if sign == UInt8(ascii: "-") {
            return start + String(source[start..<tag]).stripped(leading: false).utf8.count
        }
        guard sign == nil, !isOutput else { return tag }
        let line = source[start..<tag].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        let isLineStart = line != nil || start == 0 || source[start - 1] == UInt8(ascii: "\n")
        let blank = String(source[(line ?? start)..<tag])
        return isLineStart && blank.unicodeScalars.allSatisfy(\.isPythonSpace) ? line ?? start : tag
    }

    private mutating func takeSign() -> UInt8? {
        guard position < source.count else { return nil }
        let byte = source[position]
        guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") else { return nil }
        position += 1
        return byte
    }

    /// Takes the end of a tag, `closing` with its sign, and the white space that goes with it.
    mutating func takeTagEnd(_ closing: String, trimsNewline: Bool) -> Bool {
        if take("-" + closing) {
            skipSpace()
            return true
        }
        if closing != "}}", trimsNewline, take("+" + closing) { return true }
        guard take(closing) else { return false }
        if trimsNewline { _ = take("\n") }
        return true
    }

    mutating func take(_ text: String) -> Bool {
        guard source[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    mutating func skipSpace() {
        while position < source.count, let scalar = scalar(at: position), scalar.isPythonSpace {
            position += UTF8.width(scalar)
        }
    }

    func scalar(at index: Int) -> Unicode.Scalar? {
        String(source[index..<min(index + 4, source.count)]).unicodeScalars.first
    }

    private mutating func skipComment() throws(JinjaError) {
        while position < source.count {
            if takeTagEnd("#}", trimsNewline: true) { return }
            position += 1
        }
        throw error("a comment is not closed")
    }

    /// Takes what follows `{%` when that is `raw %}`.
    private mutating func takeRawBegin() -> Bool {
        let start = position
        skipSpace()
        if take("raw") {
            skipSpace()
            if takeTagEnd("%}", trimsNewline: false) { return true }
        }
        position = start
        return false
    }

    private mutating func readRaw() throws(JinjaError) {
        let start = position
        while position < source.count {
            let tag = position
            if take("{%") {
                let sign = takeSign()
                skipSpace()
                if take("endraw") {
                    skipSpace()
                    if takeTagEnd("%}", trimsNewline: true) {
                        return addText(start..<textEnd(start, tag, sign, isOutput: false))
                    }
                }
            }
            position = tag + 1
        }
        throw error("a raw block is not closed")
    }

    private mutating func addText(_ range: Range<Int>) {
        if !range.isEmpty {
            tokens.append(Token(kind: .text(String(source[range])), line: lineNumber(range.lowerBound)))
        }
    }

    mutating func add(_ kind: Token.Kind) { tokens.append(Token(kind: kind, line: lineNumber(position))) }

    func error(_ message: String) -> JinjaError {
        let newlines = source.prefix(position).count { $0 == UInt8(ascii: "\n") }
        return JinjaError(.syntax, message, line: newlines + 1)
    }

    /// The line of an index that is not before the last one asked for.
    private mutating func lineNumber(_ index: Int) -> Int {
        while lineEnd < index {
            if source[lineEnd] == UInt8(ascii: "\n") { line += 1 }
            lineEnd += 1
        }
        return line
    }
}
