import KVCache
import Quantities

extension UnitState {
    /// The time to first token meant for models without a target, beside others that have one. Chosen: what a person
    /// waits for an answer before giving up.
    private static var defaultTimeToFirstToken: Seconds { 10 }
    /// The fewest tokens to which a chunk is bounded: below it reading the weights costs more than the tokens do.
    private static var smallestChunk: Int { 32 }

    /// Starts the decodes that were passed over too often or are late for their target; `false` if one waits for share,
    /// which is then to be held back.
    mutating func startOverdueDecodes(patience: Int, after last: ModelID?, at now: Seconds) -> Bool {
        for model in modelsInTurn(after: last) {
            guard self[model].canDecode, self[model].timesPassedOver > 0 || patience <= 0 else { continue }
            let target = self[model].settings.targets.timePerOutputToken
            let isLate = target.map { now - self[model].lastDecode > $0 } ?? false
            guard isLate || self[model].timesPassedOver >= patience else { continue }
            if startDecode(model, at: now) == .needsShare { return false }
        }
        return true
    }

    /// Models that could prefill: in turn those whose first token is late, then the others, the one that is due first
    /// in front; `nil` if no model has a target.
    ///
    /// By deadline alone, short targets would push aside whatever is late anyway, for as long as there is a backlog.
    func modelsByDeadline(after last: ModelID?, at now: Seconds) -> [ModelID]? {
        guard models.ids.contains(where: { self[$0].settings.targets.timeToFirstToken != nil }) else { return nil }
        let due = modelsInTurn(after: last).compactMap { id -> (deadline: Seconds, id: ModelID)? in
            guard self[id].canPrefill, let first = firstToPrefill(id) else { return nil }
            let target = self[id].settings.targets.timeToFirstToken ?? Self.defaultTimeToFirstToken
            return (first.arrival + target, id)
        }
        let late = due.filter { $0.deadline < now }
        let others = due.filter { $0.deadline >= now }.sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
        return (late + others).map(\.id)
    }

    /// The tokens that a prefill of `model` may have so that decodes that find no share beside it are not late; `nil`
    /// for no bound.
    func chunkBound(for model: ModelID) -> Int? {
        guard let perToken = self[model].prefillSecondsPerToken, perToken > 0 else { return nil }
        let share = self[model].settings.shares.prefill
        let targets = models.ids.compactMap { other -> Seconds? in
            guard let target = self[other].settings.targets.timePerOutputToken, !self[other].running.isEmpty
            else { return nil }
            return share.tenths + self[other].settings.shares.decode.tenths > capacity ? target : nil
        }
        return targets.min().map { max(Self.smallestChunk, Int(min($0 / perToken, 1e6))) }
    }

    /// The model that can prefill and whose next sequence comes before those of others.
    func modelWithFirstToPrefill() -> ModelID? {
        let heads = models.ids.compactMap { id -> (rank: SequenceRank, id: ModelID)? in
            guard self[id].canPrefill, let first = firstToPrefill(id) else { return nil }
            return (first.rank, id)
        }
        return heads.min { $0.rank < $1.rank }?.id
    }

    /// How many models could start a decode.
    var modelsToDecode: Int { models.ids.count { self[$0].canDecode } }

    /// Models that can decode, the one with the first sequence in front.
    func modelsByFirstToDecode() -> [ModelID] {
        let heads = models.ids.compactMap { id -> (rank: SequenceRank, id: ModelID)? in
            guard self[id].canDecode, let rank = firstToDecode(id) else { return nil }
            return (rank, id)
        }
        return heads.sorted { $0.rank < $1.rank }.map(\.id)
    }
}
