/// Reads a text scalar by scalar: what the parsers of patterns and of GBNF have in common.
protocol ScalarParser {
    var scalars: [Unicode.Scalar] { get }
    /// Of the next one to be read.
    var index: Int { get set }

    /// Says where `reason` was found.
    func fault(_ reason: String) -> GrammarError
}

extension ScalarParser {
    /// Chosen: deeper groups are no grammar that somebody wrote; parsers call themselves for each.
    static var depthLimit: Int { 128 }
    /// Chosen: repetitions are written out as states; more would be refused for their number anyway.
    private static var countLimit: Int { 1 << 16 }

    var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        index += 1
        return true
    }

    mutating func next() throws(GrammarError) -> Unicode.Scalar {
        guard let scalar = peek else { throw fault("it ends too early") }
        index += 1
        return scalar
    }

    /// How often something is repeated, in digits, of which there may be none.
    mutating func number() throws(GrammarError) -> Int {
        var value = 0
        while let scalar = peek, ("0"..."9").contains(scalar) {
            value = value * 10 + Int(scalar.value - 48)
            guard value <= Self.countLimit else { throw fault("a count above \(Self.countLimit)") }
            index += 1
        }
        return value
    }

    /// The end of a count in braces that began with `min`; `nil` is without end.
    mutating func closeCount(_ min: Int, _ max: Int?) throws(GrammarError) -> (min: Int, max: Int?) {
        guard take("}") else { throw fault("a { without a }") }
        guard max.map({ $0 >= min }) ?? true else { throw fault("a count that ends before it begins") }
        return (min, max)
    }

    /// The scalar whose number these digits are.
    func scalar(hexadecimal digits: String) throws(GrammarError) -> Unicode.Scalar {
        guard digits.allSatisfy(\.isHexDigit), let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
        else {
            throw fault("'\(digits)' is the number of no character")
        }
        return scalar
    }
}
