/// How a model's keys and values lie in pages.
///
/// A page holds K and V of one head of one layer for `tokensPerPage` tokens. A block is what `tokensPerPage` tokens
/// take
/// in all layers and heads: `pagesPerBlock` pages.
public struct KVShape: Hashable, Sendable {
    public static let defaultPageBytes = 16_384

    public let layers: Int
    public let kvHeads: Int
    public let headSize: Int
    public let type: KVType
    public let pageBytes: Int
    public let tokensPerPage: Int

    /// - Throws: `KVError.invalidShape`, `KVError.tokenExceedsPage`.
    public init(
        layers: Int, kvHeads: Int, headSize: Int, type: KVType = .f16, pageBytes: Int = defaultPageBytes
    ) throws(KVError) {
        guard layers > 0, kvHeads > 0, headSize > 0 else {
            throw .invalidShape(layers: layers, kvHeads: kvHeads, headSize: headSize)
        }
        let tokenBytes = type.bytesPerToken(headSize: headSize)
        guard pageBytes >= tokenBytes else { throw .tokenExceedsPage(tokenBytes: tokenBytes, pageBytes: pageBytes) }
        self.layers = layers
        self.kvHeads = kvHeads
        self.headSize = headSize
        self.type = type
        self.pageBytes = pageBytes
        self.tokensPerPage = Self.tokens(fitting: pageBytes / tokenBytes)
    }

    /// The pages of one block, one for each layer and KV head.
    public var pagesPerBlock: Int { layers * kvHeads }

    /// The bytes at the end of each page that no token uses.
    public var unusedBytesPerPage: Int { pageBytes - tokensPerPage * type.bytesPerToken(headSize: headSize) }

    /// The blocks that `tokens` tokens take, the last of them perhaps in part.
    public func blocks(for tokens: Int) -> Int { (tokens + tokensPerPage - 1) / tokensPerPage }

    /// The pages that a sequence of `tokens` tokens takes.
    public func pages(for tokens: Int) -> Int { blocks(for: tokens) * pagesPerBlock }

    /// A power of two where it fills seven eighths of what fits: kernels then shift instead of dividing. Else a
    /// multiple
    /// of four, since halving would give away what a small KV type saves.
    private static func tokens(fitting count: Int) -> Int {
        let powerOfTwo = 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
        if powerOfTwo * 8 >= count * 7 || count < 4 { return powerOfTwo }
        return count / 4 * 4
    }
}
