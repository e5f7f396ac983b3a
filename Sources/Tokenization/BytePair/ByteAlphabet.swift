/// The printable stand-ins for the 256 bytes with which byte-level vocabularies spell their tokens.
///
/// Printable Latin-1 stands for itself; the other bytes stand at U+0100 and up, in order.
/// Source: Radford et al. 2019 (GPT-2).
enum ByteAlphabet {
    private static let scalars: [Unicode.Scalar] = {
        var scalars: [Unicode.Scalar] = []
        var substitute: UInt8 = 0
        for byte in UInt8.min...UInt8.max {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: scalars.append(Unicode.Scalar(byte))
            default:
                scalars.append(Unicode.Scalar(0x100 | UInt16(substitute)) ?? "?")
                substitute += 1
            }
        }
        return scalars
    }()

    /// The UTF-8 of each stand-in.
    static let spellings = scalars.map { Array(UTF8.encode($0) ?? UTF8.encodedReplacementCharacter) }

    private static let bytes = Dictionary(uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

    /// The bytes that `text` spells. What is not of the alphabet stands for its own UTF-8.
    static func decode(_ text: String) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let byte = bytes[scalar] {
                decoded.append(byte)
            } else {
                decoded.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return decoded
    }
}
