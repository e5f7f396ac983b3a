import Quantities

extension SplitMix64 {
    /// A text of scalars from all over Unicode, with a good part of ASCII.
    mutating func text(upTo length: Int) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...length, using: &self) {
            let planes: [ClosedRange<UInt32>] = [0...0x7F, 0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0x10FFFF]
            guard let plane = planes.randomElement(using: &self) else { continue }
            if let scalar = Unicode.Scalar(UInt32.random(in: plane, using: &self)) { text.append(scalar) }
        }
        return String(text)
    }
}
