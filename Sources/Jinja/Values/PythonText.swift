/// Texts by the rules of Python: made of scalars, never of grapheme clusters.
extension String {
    var scalarCount: Int { unicodeScalars.count }

    var bytes: [UInt8] { Array(utf8) }

    init(_ bytes: some Collection<UInt8>) { self.init(decoding: bytes, as: UTF8.self) }

    func contains(text: String) -> Bool { ByteSearch(text).first(in: bytes) != nil }

    func starts(withText prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    func ends(withText suffix: String) -> Bool { utf8.reversed().starts(with: suffix.utf8.reversed()) }

    /// Without the leading or trailing scalars that are white space, or of `characters`.
    func stripped(_ characters: String? = nil, leading: Bool = true, trailing: Bool = true) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        var scalars = Substring(self).unicodeScalars
        func isStripped(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
        while leading, let first = scalars.first, isStripped(first) { scalars.removeFirst() }
        while trailing, let last = scalars.last, isStripped(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// The lines, without what ends them (Python's `splitlines`).
    var lines: [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(String(line))
                line.removeAll()
            default: line.append(scalar)
            }
            previous = scalar
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    /// The first scalar in upper case, the rest in lower.
    var capitalizedFirst: String {
        guard let first = unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping + String(unicodeScalars.dropFirst()).lowercased()
    }

    /// Every run of letters capitalised (Python's `str.title`).
    var titled: String {
        var text = ""
        var followsLetter = false
        for scalar in unicodeScalars {
            let properties = scalar.properties
            text += followsLetter ? properties.lowercaseMapping : properties.titlecaseMapping
            followsLetter = properties.isCased
        }
        return text
    }
}

extension Unicode.Scalar {
    /// White space as `str.isspace` has it.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}
