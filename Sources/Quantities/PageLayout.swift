/// The number format in which keys and values are kept.
package enum KVType: String, Hashable, Sendable, Codable, CaseIterable {
    case f32
    case f16
    /// Blocks of 32 signed bytes with a scale of 16 bits.
    case q8_0

    /// The elements of a head that one word of 16 bytes holds.
    package var elementsPerWord: Int {
        switch self {
        case .f32: 4
        case .f16: 8
        case .q8_0: 16
        }
    }

    /// The elements whose scales one word of 16 bytes holds, for the key and the value: four of each. `nil` without
    /// scales.
    package var elementsPerScaleWord: Int? { self == .q8_0 ? 128 : nil }
}

/// Where keys, values and scales stand in a page: K and V of one head of one layer for `tokensPerPage` tokens. Of small
/// heads several may stand in a page, one behind the other (`KVLayer`).
///
/// A page is made of words of 16 bytes, as kernels store no less: `[word][tokensPerPage]`, first the words of the keys,
/// then as many of the values, then those of the scales. What is left at the end nobody uses.
///
/// ```swift
/// let page = try PageLayout(type: .f16, headSize: 64)
/// page.tokensPerPage         // 64
/// page.bytesPerToken         // 256
/// page.valueOffset           // 8192, in bytes from the page's start
/// ```
package struct PageLayout: Hashable, Sendable {
    /// Small enough that a short sequence wastes little, large enough that tables stay short: 64 tokens of a head of 64
    /// in half precision.
    package static let defaultPageBytes = 16_384
    /// The sizes of heads that there are kernels for.
    package static let headSizes = [16, 32, 64, 80, 96, 128, 192, 256]
    /// Bytes of a word, the unit in which kernels address a page.
    package static let wordBytes = 16

    package let type: KVType
    package let headSize: Int
    package let pageBytes: Int
    package let tokensPerPage: Int

    /// As many tokens as a page holds well.
    ///
    /// - Throws: `KVError.invalidShape`, `KVError.tokenExceedsPage`.
    package init(type: KVType, headSize: Int, pageBytes: Int = defaultPageBytes) throws(KVError) {
        guard headSize > 0 else { throw .invalidShape(layers: 1, kvHeads: 1, headSize: headSize) }
        let bytes = Self.wordsPerToken(type, headSize) * Self.wordBytes
        guard pageBytes >= bytes else { throw .tokenExceedsPage(tokenBytes: bytes, pageBytes: pageBytes) }
        self.init(
            type: type, headSize: headSize, pageBytes: pageBytes, tokensPerPage: Self.tokens(fitting: pageBytes / bytes)
        )
    }

    /// So many tokens, which must fit.
    package init(type: KVType, headSize: Int, pageBytes: Int, tokensPerPage: Int) {
        self.type = type
        self.headSize = headSize
        self.pageBytes = pageBytes
        self.tokensPerPage = tokensPerPage
        precondition(tokensPerPage * bytesPerToken <= pageBytes, "\(tokensPerPage) tokens do not fit in a page")
    }

    /// The bytes of a token's key, value and scales.
    package var bytesPerToken: Int { Self.wordsPerToken(type, headSize) * Self.wordBytes }

    /// Words of a token's key, or of its value.
    package var wordsPerKey: Int { Self.words(headSize, type.elementsPerWord) }

    /// Words of a token's scales.
    package var scaleWords: Int { type.elementsPerScaleWord.map { Self.words(headSize, $0) } ?? 0 }

    /// Bytes from the page's start to the values; the keys stand at 0.
    package var valueOffset: Int { wordsPerKey * tokensPerPage * Self.wordBytes }

    /// Bytes from the page's start to the scales.
    package var scaleOffset: Int { 2 * valueOffset }

    /// Bytes of a head's keys, values and scales, for all tokens of the page.
    package var bytesPerHead: Int { tokensPerPage * bytesPerToken }

    /// The heads that fit in a page one behind the other: one where tokens were chosen so that a page holds them well.
    package var headsPerPage: Int { pageBytes / bytesPerHead }

    /// The bytes at the end of each page that no token of its first head uses.
    package var unusedBytes: Int { pageBytes - bytesPerHead }

    private static func words(_ elements: Int, _ perWord: Int) -> Int { (elements + perWord - 1) / perWord }

    private static func wordsPerToken(_ type: KVType, _ headSize: Int) -> Int {
        2 * words(headSize, type.elementsPerWord) + (type.elementsPerScaleWord.map { words(headSize, $0) } ?? 0)
    }

    /// A power of two where it fills seven eighths of what fits: kernels then shift instead of dividing. Else a
    /// multiple of four, since halving would give away what a small KV type saves.
    private static func tokens(fitting count: Int) -> Int {
        let powerOfTwo = 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
        if powerOfTwo * 8 >= count * 7 || count < 4 { return powerOfTwo }
        return count / 4 * 4
    }
}

/// Why a model cannot keep its keys and values in a pool.
package enum KVError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A count of the shape is zero or negative.
    case invalidShape(layers: Int, kvHeads: Int, headSize: Int)
    /// K and V of one head take more bytes for a single token than a page has.
    case tokenExceedsPage(tokenBytes: Int, pageBytes: Int)
    /// The shape was made for pages of another size than the pool has.
    case pageSizeMismatch(shape: Int, pool: Int)
    /// The pool is smaller than the first block of a sequence, with its state.
    case poolTooSmall(firstBlock: Int, pages: Int)

    package var description: String {
        switch self {
        case .invalidShape(let layers, let kvHeads, let headSize):
            "a KV shape needs positive counts: \(layers) layers, \(kvHeads) KV heads, head size \(headSize)"
        case .tokenExceedsPage(let tokenBytes, let pageBytes):
            "one token of one head takes \(tokenBytes) bytes, a page has \(pageBytes)"
        case .pageSizeMismatch(let shape, let pool):
            "the model's shape is for pages of \(shape) bytes, the pool has pages of \(pool)"
        case .poolTooSmall(let firstBlock, let pages):
            "one block of the model takes \(firstBlock) pages, the pool has \(pages)"
        }
    }
}
