/// The rule that cuts text into words before their symbols are merged; no token crosses a word's border.
package struct PreTokenizer: Sendable {
    /// One way to cut a text. Each of a rule cuts the words that the one before has left.
    enum Cut: Sendable {
        /// What matches is a word, and what lies between matches is another.
        case matches(Pattern)
        /// Runs of digits are cut by thousands, from the right; without `inWords` only where no letter follows.
        case thousands(ScalarSet, inWords: Bool)
    }

    /// What else goes with a rule.
    struct Customs: OptionSet {
        let rawValue: UInt8

        /// A word that is a token is not merged from its bytes.
        static let keepsWholeWords = Customs(rawValue: 1)
        /// Texts begin with the beginning-of-text token where the model file does not say.
        static let addsBeginning = Customs(rawValue: 2)
        /// Two texts have a separator between them where the model file does not say.
        static let addsSeparator = Customs(rawValue: 4)
        /// Symbols are characters, with marks for spaces, and not bytes; texts have a beginning whatever the file says.
        static let readsCharacters = Customs(rawValue: 8)
    }

    let customs: Customs
    private let cuts: [Cut]

    init(_ cuts: [Cut], _ customs: Customs) {
        self.cuts = cuts
        self.customs = customs
    }

    /// The words of `text[range]`, as ranges that follow one another without gaps.
    ///
    /// - Parameter text: valid UTF-8, and `range` on scalar borders.
    /// - Complexity: O(bytes).
    package func words(of text: [UInt8], in range: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        // Words have four bytes or more on average.
        words.reserveCapacity(range.count / 4)
        cut(text, range, by: cuts[...], into: &words)
        return words
    }

    private func cut(_ text: [UInt8], _ range: Range<Int>, by cuts: ArraySlice<Cut>, into words: inout [Range<Int>]) {
        guard !range.isEmpty else { return }
        guard let cut = cuts.first else { return words.append(range) }
        let rest = cuts.dropFirst()
        func receive(_ word: Range<Int>) {
            if rest.isEmpty { words.append(word) } else { self.cut(text, word, by: rest, into: &words) }
        }
        switch cut {
        case .matches(let pattern): pattern.cut(text, range, receive)
        case .thousands(let digits, let inWords): digits.cut(text, range, inWords: inWords, receive)
        }
    }
}

extension Pattern {
    /// Hands over the matches in `text[range]`, and what lies between them.
    fileprivate func cut(_ text: [UInt8], _ range: Range<Int>, _ receive: (Range<Int>) -> Void) {
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            guard let end = match(in: text, position, range.upperBound) else {
                position = skip(in: text, position, range.upperBound)
                continue
            }
            if start < position { receive(start..<position) }
            receive(position..<end)
            (start, position) = (end, end)
        }
        if start < position { receive(start..<position) }
    }
}

extension ScalarSet {
    /// What `\b` sees no border beside.
    private static let word = Pattern(#"[\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}]"#).set

    /// Hands over the groups of up to three digits in `text[range]`, and what lies between them.
    fileprivate func cut(_ text: [UInt8], _ range: Range<Int>, inWords: Bool, _ receive: (Range<Int>) -> Void) {
        var start = range.lowerBound
        var digits: [Int] = []
        func scalar(_ position: Int) -> Unicode.Scalar {
            String(decoding: text[position..<text.scalarEnd(position)], as: UTF8.self).unicodeScalars.first
                ?? "\u{FFFD}"
        }
        var position = start
        while position < range.upperBound {
            while position < range.upperBound, contains(scalar(position)) {
                digits.append(position)
                position = text.scalarEnd(position)
            }
            let isCut =
                inWords || position == range.upperBound || Self.word?.contains(scalar(position)) == false
            if isCut, let first = digits.first {
                if start < first { receive(start..<first) }
                start = first
                for (index, digit) in digits.enumerated() where index > 0 && (digits.count - index) % 3 == 0 {
                    receive(start..<digit)
                    start = digit
                }
                receive(start..<position)
                start = position
            }
            digits.removeAll(keepingCapacity: true)
            if position < range.upperBound { position = text.scalarEnd(position) }
        }
        if start < position { receive(start..<position) }
    }
}
