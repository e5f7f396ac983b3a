/// How quantised weights stand in packed memory: blocks of 32 quants, and scales that are shared.
///
/// `weights.part` reads what is written here, and says how both stand.
package struct BlockLayout: Sendable, Hashable {
    /// What scales are made of; the values of SCALES in kernels.
    package enum Scales: String, Sendable, CaseIterable {
        case halves, singles, signed, pairs, nibbles
    }

    /// Bits of a quant.
    package let bits: Int
    package let scales: Scales
    /// Weights that share a scale: a block of 32, or half of one.
    package let partSize: Int
    /// The whole number that stands for zero where scales have no minimum.
    package let zero: Int
    /// The whole numbers that quants stand for; `nil` where they stand for themselves.
    private let table: [Int8]?

    init(bits: Int, scales: Scales, partSize: Int = 32, zero: Int = 0, table: [Int8]? = nil) {
        self.bits = bits
        self.scales = scales
        self.partSize = partSize
        self.zero = zero
        self.table = table
    }

    /// Parts of a block that have a scale of their own.
    var parts: Int { 32 / partSize }

    /// Bits of the planes that quants are cut into, those of the lowest bits first.
    var planes: [Int] { [8, 4, 2, 1].filter { bits & $0 != 0 } }

    /// Weights that share words of scales.
    package var span: Int {
        switch scales {
        case .halves, .singles: 32
        case .signed, .pairs, .nibbles: 256
        }
    }

    /// Words of scales that `span` weights share.
    var scaleWords: Int {
        switch scales {
        case .halves, .singles: 1
        case .signed: 1 + span / partSize / 4
        case .pairs, .nibbles: 6
        }
    }

    /// What kernels read for a quant: itself, or what it stands for with `zero` added.
    package func byte(_ quant: UInt8) -> Int { table.map { Int($0[Int(quant)]) + zero } ?? Int(quant) }

    /// What kernels are told of the layout.
    var definitions: [(String, String)] {
        let largest = (0..<(1 << bits)).reduce(0) { max($0, byte(UInt8($1))) }
        let numbers = [
            ("BITS", bits), ("PARTS", parts), ("FIELDS", 2 / parts), ("SCALE_WORDS", scaleWords), ("ZERO", zero),
            ("LARGEST", largest),
        ]
        var definitions = numbers.map { ($0, "\($1)") }
        for (index, kind) in Scales.allCases.enumerated() {
            definitions.append((kind.rawValue.uppercased(), "\(index)"))
        }
        definitions.append(("SCALES", scales.rawValue.uppercased()))
        guard table != nil else { return definitions }
        for index in 0..<4 {
            let bytes = (0..<4).map { UInt8(byte(UInt8(4 * index + $0))) }
            definitions.append(("TABLE_\(index)", "\(Self.word(bytes[...]))u"))
        }
        return definitions
    }

    /// Packs the quants of a row, 32 for each block, into `bits` words a block.
    package func pack(_ quants: UnsafeBufferPointer<UInt8>, into words: inout [UInt32]) {
        precondition(quants.count % 32 == 0 && words.count * 32 == quants.count * bits)
        for index in words.indices { words[index] = 0 }
        for block in 0..<quants.count / 32 {
            var word = block * bits
            var bit: UInt32 = 0
            for plane in planes {
                let mask = UInt32(1) << UInt32(plane) - 1
                for field in 0..<8 {
                    var bytes: UInt32 = 0
                    for byte in 0..<4 {
                        let quant = UInt32(quants[32 * block + 4 * field + byte])
                        bytes |= (quant >> bit & mask) << UInt32(8 * byte)
                    }
                    words[word + field % plane] |= bytes << UInt32(plane * (field / plane))
                }
                word += plane
                bit += UInt32(plane)
            }
        }
    }
}

/// The scales of a row before they are packed: a weight is `s * t * (byte - zero) - z * u`, or `s * byte + z` with
/// scales of halves.
package struct RowScales: Sendable {
    /// `s`, one for each `span` of the layout.
    package var scales: [Float]
    /// `z`, likewise; not read where the layout has no minimums.
    package var minimums: [Float]
    /// `t`, one for each part; not read with halves and singles.
    package var partScales: [Int8]
    /// `u`, likewise.
    package var partMinimums: [UInt8]

    package init(scales: [Float], minimums: [Float], partScales: [Int8] = [], partMinimums: [UInt8] = []) {
        self.scales = scales
        self.minimums = minimums
        self.partScales = partScales
        self.partMinimums = partMinimums
    }
}

extension BlockLayout {
    /// Packs the scales of a row.
    /// - Returns: `false` where one is beyond what halves can hold.
    package func pack(_ row: RowScales, into words: inout [UInt32]) -> Bool {
        precondition(words.count == row.scales.count * scaleWords)
        let parts = span / partSize
        for (index, scale) in row.scales.enumerated() {
            let at = index * scaleWords
            words[at] = scale.bitPattern
            switch scales {
            case .halves:
                let (d, m) = (Float16(scale), Float16(row.minimums[index]))
                guard Float(d) == scale, Float(m) == row.minimums[index] else { return false }
                words[at] = UInt32(d.bitPattern) | UInt32(m.bitPattern) << 16
            case .singles: break
            case .signed:
                let bytes = (0..<parts).map { UInt8(bitPattern: row.partScales[index * parts + $0]) }
                Self.store(bytes, &words, at: at + 1)
            case .pairs, .nibbles:
                words[at + 1] = (-row.minimums[index]).bitPattern
                var bytes: [UInt8] = []
                for part in index * parts..<(index + 1) * parts {
                    let (scale, minimum) = (UInt8(bitPattern: row.partScales[part]), row.partMinimums[part])
                    bytes += scales == .pairs ? [scale, minimum] : [scale | minimum << 4]
                }
                Self.store(bytes, &words, at: at + 2)
            }
        }
        return true
    }

    private static func store(_ bytes: [UInt8], _ words: inout [UInt32], at start: Int) {
        for word in 0..<bytes.count / 4 { words[start + word] = Self.word(bytes[4 * word..<4 * word + 4]) }
    }

    /// The word of four bytes.
    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
