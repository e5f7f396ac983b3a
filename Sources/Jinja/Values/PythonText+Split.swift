extension String {
    /// The pieces between separators, at most `limit` cuts made (Python's `split`).
    ///
    /// - Parameter separator: nil for runs of white space, of which those at the ends make no piece.
    func split(separator: String?, limit: Int) -> [String] {
        guard let separator else { return words(limit: limit) }
        let text = bytes
        var pieces: [String] = []
        var start = 0
        for cut in ByteSearch(separator).all(in: text, limit: limit) {
            pieces.append(String(text[start..<cut.lowerBound]))
            start = cut.upperBound
        }
        return pieces + [String(text[start...])]
    }

    /// As `split`, but the cuts are made from the end.
    func splitFromEnd(separator: String?, limit: Int) -> [String] {
        reversedScalars.split(separator: separator?.reversedScalars, limit: limit).reversed().map(\.reversedScalars)
    }

    var reversedScalars: String { String(String.UnicodeScalarView(unicodeScalars.reversed())) }

    private func words(limit: Int) -> [String] {
        var words: [String] = []
        var rest = Substring(self).unicodeScalars.drop { $0.isPythonSpace }
        while !rest.isEmpty, words.count < limit {
            let word = rest.prefix { !$0.isPythonSpace }
            words.append(String(word))
            rest = rest.dropFirst(word.count).drop { $0.isPythonSpace }
        }
        return rest.isEmpty ? words : words + [String(rest)]
    }
}
