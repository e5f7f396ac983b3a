/// Why a model cannot keep its keys and values in a pool.
public enum KVError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A count of the shape is zero or negative.
    case invalidShape(layers: Int, kvHeads: Int, headSize: Int)
    /// K and V of one head take more bytes for a single token than a page has.
    case tokenExceedsPage(tokenBytes: Int, pageBytes: Int)
    /// The shape was made for pages of another size than the pool has.
    case pageSizeMismatch(shape: Int, pool: Int)
    /// The pool is smaller than one block of the model.
    case poolTooSmall(pagesPerBlock: Int, pages: Int)

    public var description: String {
        switch self {
        case .invalidShape(let layers, let kvHeads, let headSize):
            "a KV shape needs positive counts: \(layers) layers, \(kvHeads) KV heads, head size \(headSize)"
        case .tokenExceedsPage(let tokenBytes, let pageBytes):
            "one token of one head takes \(tokenBytes) bytes, a page has \(pageBytes)"
        case .pageSizeMismatch(let shape, let pool):
            "the model's shape is for pages of \(shape) bytes, the pool has pages of \(pool)"
        case .poolTooSmall(let pagesPerBlock, let pages):
            "one block of the model takes \(pagesPerBlock) pages, the pool has \(pages)"
        }
    }
}
