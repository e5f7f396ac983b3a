extension KVManager {
    /// What all pages are used for now.
    public var usage: PoolUsage { PoolUsage(free: pool.freeCount, held: held, cached: cached) }

    /// What a model holds now; `nil` for a model that was removed.
    ///
    /// - Complexity: O(1).
    public func usage(of model: ModelID) -> ModelUsage? {
        accounts[model.index].map {
            ModelUsage(
                quota: $0.quota, held: $0.held, cached: $0.cached, sequences: $0.sequences,
                unusedTokens: $0.capacity - $0.tokens, tokens: $0.tokens)
        }
    }

    /// The models that share the pool.
    public var models: [ModelID] {
        accounts.indices.filter { accounts[$0] != nil }.map { ModelID(index: $0) }
    }
}
