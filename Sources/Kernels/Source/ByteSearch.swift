import Glibc

/// Searching in bytes.
///
/// Kernels are ASCII, and those of a model are a megabyte when they are expanded. Swift's own search compares what a
/// reader takes for one letter: with it, half the work of a start went into text.
extension Substring {
    /// Where `word` stands first; O(n).
    ///
    ///     let text: Substring = "float sum = dot(a, b);"
    ///     text[text.place(of: "dot(")!.upperBound...]     // "a, b);"
    package func place(of word: String) -> Range<Index>? {
        var text = self
        guard let offset = text.withUTF8({ $0.place(of: word) }) else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: word.utf8.count)
    }

    /// The text with `replacement` wherever `word` stands; O(n).
    ///
    /// - Parameter isName: whether `word` must not be the end of a longer name.
    package func substituting(_ replacement: String, for word: String, isName: Bool = false) -> String {
        var text = self
        return text.withUTF8 { bytes in
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count)
            var rest = bytes[...]
            while let offset = UnsafeBufferPointer(rebasing: rest).place(of: word) {
                let place = rest.startIndex + offset
                let isPart = isName && place > 0 && bytes[place - 1].isOfName
                output += rest[..<place]
                output += (isPart ? word : replacement).utf8
                rest = rest[(place + word.utf8.count)...]
            }
            return String(decoding: output + rest, as: UTF8.self)
        }
    }

    /// The index of the bracket that closes the one which the text begins with; O(n).
    package func closing(_ open: Unicode.Scalar, _ close: Unicode.Scalar) -> Index? {
        var text = self
        let offset: Int? = text.withUTF8 { bytes in
            guard bytes.first == UInt8(ascii: open) else { return nil }
            var depth = 0
            return bytes.firstIndex { byte in
                if byte == UInt8(ascii: open) { depth += 1 }
                if byte == UInt8(ascii: close) { depth -= 1 }
                return depth == 0
            }
        }
        return offset.map { utf8.index(startIndex, offsetBy: $0) }
    }
}

extension String {
    /// See `Substring.substituting`.
    func substituting(_ replacement: String, for word: String, isName: Bool = false) -> String {
        self[...].substituting(replacement, for: word, isName: isName)
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func place(of word: String) -> Int? {
        guard let base = baseAddress else { return nil }
        var word = word
        return word.withUTF8 { word in
            guard let text = word.baseAddress, let first = word.first else { return nil }
            var start = 0
            while start + word.count <= count,
                let found = memchr(base + start, Int32(first), count - word.count - start + 1)
            {
                let place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                if memcmp(found, text, word.count) == 0 { return place }
                start = place + 1
            }
            return nil
        }
    }
}

extension UInt8 {
    fileprivate var isOfName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
