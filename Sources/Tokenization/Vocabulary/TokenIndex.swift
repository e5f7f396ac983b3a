import Quantities

/// Byte strings end to end, by number, without an allocation for each.
struct PackedTexts: Sendable {
    private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(capacity: Int) { ends.reserveCapacity(capacity) }

    var count: Int { ends.count }

    mutating func append(_ text: some Sequence<UInt8>) {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }
}

/// Finds tokens by their text: open addressing, with one array for all slots.
struct TokenIndex: Sendable {
    private let texts: PackedTexts
    /// Tokens where their hash puts them, or in the next free slot; -1 is free.
    private var slots: [TokenID]

    /// - Parameter texts: the text of each token; empty ones are not found.
    /// - Throws: `TokenizerError.duplicateToken`.
    init(_ texts: PackedTexts) throws(TokenizerError) {
        self.texts = texts
        // A power of two, at most half full.
        var slotCount = 16
        while slotCount < texts.count * 2 { slotCount *= 2 }
        slots = Array(repeating: -1, count: slotCount)
        for id in 0..<texts.count where !texts.range(id).isEmpty {
            let slot = slot(of: texts.bytes, texts.range(id))
            if slots[slot] >= 0 { throw .duplicateToken(slots[slot], TokenID(id)) }
            slots[slot] = TokenID(id)
        }
    }

    /// The token whose text is `text[range]`.
    func token(of text: [UInt8], _ range: Range<Int>) -> TokenID? {
        let token = slots[slot(of: text, range)]
        return token < 0 ? nil : token
    }

    func token(of text: String) -> TokenID? {
        let text = Array(text.utf8)
        return token(of: text, text.indices)
    }

    /// The slot that holds the text, or else the free one where it belongs.
    private func slot(of text: [UInt8], _ range: Range<Int>) -> Int {
        // FNV-1a, with the high bits mixed in, since the low ones choose the slot.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for position in range { hash = (hash ^ UInt64(text[position])) &* 0x100_0000_01B3 }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash ^ hash >> 29) & mask
        while slots[slot] >= 0, !isText(of: Int(slots[slot]), text, range) { slot = (slot + 1) & mask }
        return slot
    }

    private func isText(of token: Int, _ text: [UInt8], _ range: Range<Int>) -> Bool {
        let own = texts.range(token)
        guard own.count == range.count else { return false }
        for offset in 0..<own.count where texts.bytes[own.lowerBound + offset] != text[range.lowerBound + offset] {
            return false
        }
        return true
    }
}
