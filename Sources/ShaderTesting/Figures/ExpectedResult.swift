package import Kernels

/// What a kernel should write to one place.
package struct ExpectedResult: Sendable {
    package enum Part: Sendable { case float, lowHalf, highHalf }

    var word: Int
    var part: Part
    var estimate: Estimate

    package init(word: Int, part: Part = .float, estimate: Estimate) {
        self.word = word
        self.part = part
        self.estimate = estimate
    }

    /// The number that stands in the place.
    func number(in words: [UInt32]) -> Double {
        let word = words[word]
        return switch part {
        case .float: Double(Float(bitPattern: word))
        case .lowHalf: Double(Float16(bitPattern: UInt16(truncatingIfNeeded: word)))
        case .highHalf: Double(Float16(bitPattern: UInt16(word >> 16)))
        }
    }

    /// The most that the number may be away from the estimate's value.
    ///
    /// Results below the smallest normal float may be flushed to zero. A half is the neighbour above or below, as
    /// Vulkan does not say how packing rounds: one unit in the last place, 2^-10 of the number; below the smallest
    /// normal half it may be zero.
    var allowed: Double {
        let flushed = estimate.error + Double(Float.leastNormalMagnitude)
        guard part != .float else { return flushed }
        let size = abs(estimate.value) + estimate.error
        return flushed + (size < 0x1p-14 ? size : size * 0x1p-10)
    }

    /// The distance of neighbouring floats, or halves, at the expected value.
    var unit: Double {
        part == .float ? Double(Float(estimate.value).ulp) : Double(Float16(estimate.value).ulp)
    }
}
