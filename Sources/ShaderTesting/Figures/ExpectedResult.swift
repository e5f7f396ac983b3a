package import Kernels

/// What a kernel should write to one place.
package struct ExpectedResult: Sendable {
    package enum Part: Sendable, Hashable {
        case float, lowHalf, highHalf
        /// A signed byte of the word, times the scale in a half of another one: the upper half of a float.
        case byte(Int, scale: Int, isHigh: Bool)
        /// A signed byte of the word, for itself.
        case wholeByte(Int)
    }

    var word: Int
    var part: Part
    var estimate: Estimate

    package init(word: Int, part: Part = .float, estimate: Estimate) {
        self.word = word
        self.part = part
        self.estimate = estimate
    }

    /// A whole number, byte by byte: as a float it would be as good as zero.
    static func whole(_ number: Int, at word: Int) -> [ExpectedResult] {
        (0..<4).map { byte in
            ExpectedResult(
                word: word, part: .wholeByte(byte),
                estimate: Estimate(Double(Int8(truncatingIfNeeded: number >> (8 * byte)))))
        }
    }

    /// The number that stands in the place.
    func number(in words: [UInt32]) -> Double {
        let word = words[word]
        return switch part {
        case .float: Double(Float(bitPattern: word))
        case .lowHalf: Double(Float16(bitPattern: UInt16(truncatingIfNeeded: word)))
        case .highHalf: Double(Float16(bitPattern: UInt16(word >> 16)))
        case .wholeByte(let index): Double(Int8(truncatingIfNeeded: word >> (8 * index)))
        case .byte(let index, let scale, let isHigh):
            Double(Int8(truncatingIfNeeded: word >> (8 * index)))
                * Double(Float(bitPattern: isHigh ? words[scale] & 0xffff_0000 : words[scale] << 16))
        }
    }

    /// All words that the number depends on.
    var places: [Int] {
        if case .byte(_, let scale, _) = part { [word, scale] } else { [word] }
    }

    /// The most that the number may be away from the estimate's value.
    ///
    /// Results below the smallest normal float may be flushed to zero. A half is the neighbour above or below, as
    /// Vulkan does not say how packing rounds: one unit in the last place, 2^-10 of the number; below the smallest
    /// normal half it may be zero. What a byte loses depends on its block, and is part of the estimate.
    var allowed: Double {
        let flushed = estimate.error + Double(Float.leastNormalMagnitude)
        guard part == .lowHalf || part == .highHalf else { return flushed }
        let size = abs(estimate.value) + estimate.error
        return flushed + (size < 0x1p-14 ? size : size * 0x1p-10)
    }

    /// The distance of neighbouring floats, or halves, at the expected value; of bytes' multiples of their scale, which
    /// may be half of it off.
    var unit: Double {
        switch part {
        case .float: Double(Float(estimate.value).ulp)
        case .lowHalf, .highHalf: Double(Float16(estimate.value).ulp)
        case .byte: 2 * estimate.error
        case .wholeByte: 1
        }
    }
}
