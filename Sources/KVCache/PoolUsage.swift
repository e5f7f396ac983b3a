/// What a pool's pages are used for now; the three counts add up to all pages.
public struct PoolUsage: Hashable, Sendable {
    public var free: Int
    public var held: Int
    /// Pages that only the prefix index keeps.
    public var cached: Int

    public init(free: Int, held: Int, cached: Int) {
        self.free = free
        self.held = held
        self.cached = cached
    }

    public var total: Int { free + held + cached }
}
