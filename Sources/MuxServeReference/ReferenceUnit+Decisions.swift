import Foundation

extension ReferenceUnit {
    /// One tick of the scheduler; `false` if it held shares back and looks again in the next.
    mutating func decide() -> Bool {
        if isIdle, models.indices.allSatisfy({ models[$0].running.isEmpty }) { forgetEvictions() }
        switch scheduler {
        case .fcfs:
            decideByAge()
            return true
        case .adbs: return decideInTurn()
        }
    }

    /// The oldest request that waits is prefilled, unless the oldest sequence's model lacks pages; then models decode
    /// by their oldest sequences, up to the first that lacks share.
    private mutating func decideByAge() {
        let oldest = models.indices.filter { models[$0].waiting.count > 0 }.min { age($0) < age($1) }
        let holder = models.indices.filter { models[$0].oldestSequence != nil }
            .min { models[$0].oldestSequence ?? 0 < models[$1].oldestSequence ?? 0 }
        let isBlocked = holder.map { models[$0].evictedInDecode } ?? false
        if !isPrefilling, !isBlocked, let oldest, prefill(oldest) == .needsShare { return }
        let order = models.indices.filter { !models[$0].running.isEmpty }
            .sorted { models[$0].running[0] < models[$1].running[0] }
        for index in order where decode(index) == .needsShare { return }
    }

    private var isPrefilling: Bool { models.indices.contains { !models[$0].prefilling.isEmpty } }

    private func age(_ index: Int) -> Int { models[index].waiting.first ?? .max }

    /// Prefills in turn, then decodes in turn. While a prefill waits for share decodes are held back, but in every
    /// other tick only: the code confuses two flags.
    private mutating func decideInTurn() -> Bool {
        if now >= nextAdaptation {
            adaptLimits()
            nextAdaptation = now + 8
        }
        let wasPrefilling = isPrefilling
        let started = turns(from: prefillTurn).first { prefill($0) == .started }
        if let started { prefillTurn = started + 1 }
        let isPending = models.indices.contains { index in
            models[index].waiting.count > 0 && models[index].sequences < models[index].limit
                && !models[index].waitsForCache
        }
        let isEven = Int((now / tick).rounded()) & 1 == 0
        if started == nil, !wasPrefilling, isPending, isEven { return false }
        for index in turns(from: decodeTurn) where decode(index) == .started { decodeTurn = index + 1 }
        return true
    }

    private func turns(from first: Int) -> [Int] { models.indices.map { ($0 + first) % models.count } }

    /// Every 8 s models that fill less than nine tenths of their limits give to those that fill them and have more.
    private mutating func adaptLimits() {
        let batches = models.map { model in
            let recent = model.batches.suffix(500)
            return recent.isEmpty ? 30 : Double(recent.reduce(0, +)) / Double(recent.count)
        }
        let filled = models.indices.map { batches[$0] / Double(models[$0].limit) }
        var gifts: [Int: Int] = [:]
        for index in models.indices {
            models[index].batches.removeFirst(max(0, models[index].batches.count - 500))
            guard filled[index] < 0.9 else { continue }
            let spare = max(1, Int((0.95 - filled[index]) * Double(models[index].limit)))
            gifts[index] = spare * ReferenceModel.assumedBlocks * models[index].pagesPerBlock
        }
        let total = gifts.values.reduce(0, +)
        guard total > 0 else { return }
        var left = gifts
        for index in models.indices.sorted(by: { filled[$0] > filled[$1] }) where filled[index] >= 0.9 {
            let demand = Double(models[index].waiting.count + models[index].sequences)
            guard demand >= 1.1 * batches[index] else { continue }
            let wanted = min(max(1, Int(0.1 * batches[index])), Int(demand - batches[index]))
            let pages = wanted * ReferenceModel.assumedBlocks * models[index].pagesPerBlock
            for (donor, gift) in gifts.sorted(by: { $0.key < $1.key }) {
                let taken = min(Int(Double(pages) * Double(gift) / Double(total)), left[donor] ?? 0)
                left[donor, default: 0] -= taken
                models[donor].quota -= taken
                models[index].quota += taken
            }
        }
        for index in models.indices {
            models[index].limit = max(
                1, models[index].quota / (ReferenceModel.assumedBlocks * models[index].pagesPerBlock))
        }
    }
}
