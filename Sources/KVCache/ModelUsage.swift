/// What a model holds of a pool now.
public struct ModelUsage: Hashable, Sendable {
    /// Pages that the model may hold now.
    public var quota: Int
    /// Distinct pages that its sequences hold.
    public var held: Int
    /// Pages that only the prefix index keeps for it; they go to whoever needs them.
    public var cached: Int
    /// Open sequences.
    public var sequences: Int
    /// Tokens that its sequences' pages could take beyond those they have.
    public var unusedTokens: Int
    /// Tokens of its sequences.
    public var tokens: Int

    /// Pages held beyond the quota, lent by models that leave theirs idle.
    public var borrowed: Int { max(0, held - quota) }

    /// The part of its sequences' pages that no token fills, 0...1.
    public var fragmentation: Double {
        tokens + unusedTokens == 0 ? 0 : Double(unusedTokens) / Double(tokens + unusedTokens)
    }
}
