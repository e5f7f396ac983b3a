/// The replacements that SentencePiece makes in a text before it is cut, NFKC for one.
///
/// A file has them as one blob: the byte count of a double array, the array, and the replacements, each with a zero at
/// its end. The array is a tree of the texts to replace; a unit of it has a byte to compare in bits 0 to 7, whether a
/// value follows in bit 8, and the offset to its children in bits 10 to 30, times 256 if bit 9 is set. It is walked
/// once and made a `ByteTrie`, so that a broken one is found when it is read. Source: Yata's Darts-clone.
struct CharacterMap: Sendable {
    private var trie = ByteTrie([])
    private var replacements: [[UInt8]] = []

    /// - Parameter blob: as the file has it; empty for no replacements.
    /// - Throws: `TokenizerError.malformedCharacterMap`.
    init(_ blob: [UInt8]) throws(TokenizerError) {
        guard !blob.isEmpty else { return }
        guard blob.count >= 4 else { throw .malformedCharacterMap("it has \(blob.count) bytes") }
        func number(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(blob[offset + $1]) << UInt32(8 * $1) } }
        let size = Int(number(0))
        guard size > 0, size % 4 == 0, size < blob.count - 4 else {
            throw .malformedCharacterMap("its array has \(size) of \(blob.count) bytes")
        }
        let walk = DoubleArrayWalk(units: (0..<(size / 4)).map { number(4 + 4 * $0) })
        var keys: [(key: ArraySlice<UInt8>, value: Int32)] = []
        let texts = blob[(4 + size)...]
        for (key, offset) in try walk.entries() {
            guard offset < texts.count, let end = texts[(texts.startIndex + offset)...].firstIndex(of: 0) else {
                throw .malformedCharacterMap("a replacement at \(offset) has no end")
            }
            keys.append((key[...], Int32(replacements.count)))
            replacements.append(Array(texts[(texts.startIndex + offset)..<end]))
        }
        trie = ByteTrie(keys)
    }

    /// The replacement for the longest text that `text[range]` begins with, and where that ends.
    func replacement(in text: [UInt8], _ range: Range<Int>) -> (bytes: [UInt8], end: Int)? {
        trie.longestMatch(in: text, range).map { (replacements[Int($0.value)], $0.end) }
    }
}

/// Reads all that is in a double array.
private struct DoubleArrayWalk {
    /// Longer than any text that a map replaces, and more of them than there are: bounds where a broken array goes
    /// round in circles. Units may be reached on several ways, for texts with a common end share them.
    private static let (deepest, most) = (256, 1 << 18)

    let units: [UInt32]

    /// - Throws: `TokenizerError.malformedCharacterMap` where the array points beyond its end, or has no end.
    func entries() throws(TokenizerError) -> [(key: [UInt8], value: Int)] {
        var entries: [(key: [UInt8], value: Int)] = []
        var pending = [(base: offset(0), key: [UInt8]())]
        var count = 0
        while let (base, key) = pending.popLast() {
            for byte in UInt8(1)...0xFF {
                let child = base ^ Int(byte)
                guard units.indices.contains(child) else {
                    throw .malformedCharacterMap("its array points to unit \(child) of \(units.count)")
                }
                guard units[child] & 0x8000_00FF == UInt32(byte) else { continue }
                count += 1
                guard count <= Self.most, key.count < Self.deepest else {
                    throw .malformedCharacterMap("its array goes round in circles")
                }
                let next = (base: child ^ offset(child), key: key + [byte])
                pending.append(next)
                guard units[child] >> 8 & 1 == 1 else { continue }
                guard units.indices.contains(next.base) else {
                    throw .malformedCharacterMap("its array points to unit \(next.base) of \(units.count)")
                }
                entries.append((next.key, Int(units[next.base] & 0x7FFF_FFFF)))
            }
        }
        return entries
    }

    private func offset(_ unit: Int) -> Int {
        Int(units[unit] >> 10) << (units[unit] >> 9 & 1 == 1 ? 8 : 0)
    }
}
