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
