import GGUF
import Quantities

/// A seeded way to damage the bytes of a file.
enum Mutation: CaseIterable {
    case flipBits, truncate, splice, insert, extremeLength, extremeNumber

    /// Numbers that overflow, wrap, or just miss a limit.
    private static let extremes: [UInt64] = [
        0, 1, 2, 31, 33, 255, 256, 65_535, 65_536, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 42 + 1, 1 << 59,
        1 << 60, 1 << 61 + 1, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 31, .max - 1, .max,
    ]

    /// Applies the mutation somewhere in `bytes`, mostly where structure is dense: at either end of the first
    /// `headerSize`.
    func apply(to bytes: inout [UInt8], headerSize: Int, donor: [UInt8], _ random: inout SplitMix64) {
        guard bytes.count > 16 else { return }
        let header = min(headerSize, bytes.count)
        let region = random.pick([0..<min(1024, header), max(0, header - 1024)..<header, 0..<bytes.count])
        let place = Int.random(in: region, using: &random)
        switch self {
        case .flipBits:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: region, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        case .truncate:
            bytes.removeSubrange(place...)
        case .splice:
            let source = Int.random(in: 0..<donor.count, using: &random)
            let count = min(Int.random(in: 1...64, using: &random), donor.count - source, bytes.count - place)
            bytes.replaceSubrange(place..<place + count, with: donor[source..<source + count])
        case .insert:
            let count = Int.random(in: 1...16, using: &random)
            bytes.insert(contentsOf: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }, at: place)
        case .extremeLength:
            overwrite(&bytes, at: place, with: random.pick(Self.extremes), count: 8)
        case .extremeNumber:
            overwrite(&bytes, at: place, with: random.pick(Self.extremes), count: 4)
        }
    }

    private func overwrite(_ bytes: inout [UInt8], at place: Int, with number: UInt64, count: Int) {
        for index in 0..<min(count, bytes.count - place) {
            bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
        }
    }
}

extension SplitMix64 {
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }
}
