/// "GGUF", read as a little-endian number.
let magic: UInt32 = 0x4655_4747

extension GGUFMetadata {
    static let alignmentKey = "general.alignment"

    /// The alignment of tensor data: `general.alignment`, or 32.
    ///
    /// - Throws: `GGUFError` with code `badAlignment` unless it is a 32-bit power of two of at least 8.
    func alignment() throws(GGUFError) -> Int {
        guard let value = self[Self.alignmentKey] else { return 32 }
        guard case .uint32(let alignment) = value else {
            throw error(.badAlignment, Self.alignmentKey, "of type \(value.typeName), not uint32")
        }
        guard alignment >= 8, alignment.nonzeroBitCount == 1 else {
            throw error(.badAlignment, Self.alignmentKey, "\(alignment) is not a power of two of at least 8")
        }
        return Int(alignment)
    }
}

extension Int {
    func roundedUp(toMultipleOf alignment: Int) -> Int {
        (self + alignment - 1) / alignment * alignment
    }
}
