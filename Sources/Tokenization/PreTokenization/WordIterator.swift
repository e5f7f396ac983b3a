/// Walks over the words of a text.
package struct WordIterator: Sequence, IteratorProtocol {
    private let rule: PreTokenizer
    private let text: [UInt8]
    private var position: Int
    private let end: Int

    init(rule: PreTokenizer, text: [UInt8], range: Range<Int>) {
        self.rule = rule
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    package mutating func next() -> Range<Int>? {
        guard position < end else { return nil }
        let start = position
        let first = TextScalar(text, at: start)
        switch rule {
        case .gpt2: position = spacedWordEnd(start, first)
        case .smollm: position = first.kind == .number ? first.end : spacedWordEnd(start, first)
        case .llama3: position = prefixedWordEnd(start, first, digits: 3)
        case .qwen2: position = prefixedWordEnd(start, first, digits: 1)
        }
        return start..<position
    }

    /// The rule of `gpt2`: a word takes one space before it along.
    private func spacedWordEnd(_ start: Int, _ first: TextScalar) -> Int {
        if let end = contractionEnd(start, ignoringCase: false) { return end }
        if text[start] == UInt8(ascii: " "), let second = scalar(at: first.end), second.kind != .whitespace {
            return runEnd(of: second.kind, after: second)
        }
        if first.kind != .whitespace { return runEnd(of: first.kind, after: first) }
        return whitespaceEnd(start, endsAtNewline: false)
    }

    /// The rule of `llama3`: letters take one character of any kind along, punctuation a space and the newlines that
    /// follow.
    private func prefixedWordEnd(_ start: Int, _ first: TextScalar, digits: Int) -> Int {
        if let end = contractionEnd(start, ignoringCase: true) { return end }
        if first.kind == .letter { return runEnd(of: .letter, after: first) }
        if first.kind == .number { return runEnd(of: .number, after: first, limit: digits) }
        let second = scalar(at: first.end)
        if let second, second.kind == .letter, !first.isNewline { return runEnd(of: .letter, after: second) }
        if first.kind == .other { return newlinesEnd(runEnd(of: .other, after: first)) }
        if let second, second.kind == .other, text[start] == UInt8(ascii: " ") {
            return newlinesEnd(runEnd(of: .other, after: second))
        }
        return whitespaceEnd(start, endsAtNewline: true)
    }

    /// The scalar at `index`; nil where the text ends, or the piece of it that is cut on its own.
    private func scalar(at index: Int) -> TextScalar? {
        guard index < end else { return nil }
        let scalar = TextScalar(text, at: index)
        return rule == .smollm && scalar.kind == .number ? nil : scalar
    }

    private func contractionEnd(_ start: Int, ignoringCase: Bool) -> Int? {
        guard text[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
        func letter(_ index: Int) -> UInt8 { index < end ? text[index] | (ignoringCase ? 0x20 : 0) : 0 }
        switch (letter(start + 1), letter(start + 2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }

    private func runEnd(of kind: ScalarKind, after first: TextScalar, limit: Int = .max) -> Int {
        var end = first.end
        var count = 1
        while count < limit, let next = scalar(at: end), next.kind == kind {
            end = next.end
            count += 1
        }
        return end
    }

    private func newlinesEnd(_ start: Int) -> Int {
        var end = start
        while let next = scalar(at: end), next.isNewline { end = next.end }
        return end
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`, the first alternative only where `endsAtNewline`.
    private func whitespaceEnd(_ start: Int, endsAtNewline: Bool) -> Int {
        var end = start
        var last = start
        var newline: Int?
        while let next = scalar(at: end), next.kind == .whitespace {
            last = end
            end = next.end
            if next.isNewline { newline = end }
        }
        if endsAtNewline, let newline { return newline }
        return scalar(at: end) != nil && last > start ? last : end
    }
}

/// A scalar of UTF-8 text and where it ends.
private struct TextScalar {
    let kind: ScalarKind
    let isNewline: Bool
    let end: Int

    /// - Parameter text: valid UTF-8 with a scalar at `start`.
    init(_ text: [UInt8], at start: Int) {
        let first = text[start]
        if first < 0x80 {
            kind = ScalarKind(Unicode.Scalar(first))
            isNewline = first == UInt8(ascii: "\n") || first == UInt8(ascii: "\r")
            end = start + 1
            return
        }
        let length = max(1, (~first).leadingZeroBitCount)
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for byte in text[(start + 1)..<min(start + length, text.count)] { value = value << 6 | UInt32(byte & 0x3F) }
        kind = ScalarKind(Unicode.Scalar(value) ?? "\u{FFFD}")
        isNewline = false
        end = min(start + length, text.count)
    }
}

/// What the pre-tokenizers tell apart: `\p{L}`, `\p{N}`, `\s` and the rest.
package enum ScalarKind: Sendable {
    case letter
    case number
    case whitespace
    case other

    package init(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            self = Self.ascii[Int(scalar.value)]
        } else {
            self.init(propertiesOf: scalar)
        }
    }

    private init(propertiesOf scalar: Unicode.Scalar) {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default: self = properties.isWhitespace ? .whitespace : .other
        }
    }

    private static let ascii = (UInt8(0)..<0x80).map { ScalarKind(propertiesOf: Unicode.Scalar($0)) }
}
