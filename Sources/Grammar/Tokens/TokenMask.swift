package import Quantities

/// A set of a vocabulary's tokens.
package struct TokenMask: Hashable, Sendable {
    /// A bit for each token, the first in the lowest bit.
    package internal(set) var words: [UInt64]

    package init(vocabulary: Int) { words = [UInt64](repeating: 0, count: (vocabulary + 63) / 64) }

    package func contains(_ token: TokenID) -> Bool {
        words.indices.contains(Int(token) >> 6) && words[Int(token) >> 6] >> UInt64(token & 63) & 1 == 1
    }

    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    @inline(__always)
    mutating func insert(_ token: TokenID) { words[Int(token) >> 6] |= 1 << UInt64(token & 63) }

    mutating func formUnion(_ other: TokenMask) {
        for index in words.indices { words[index] |= other.words[index] }
    }
}
