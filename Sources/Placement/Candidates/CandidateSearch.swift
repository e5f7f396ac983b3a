package import Quantities

/// The smallest decode share with which one model alone on a mesh sustains its rate.
///
/// Source: MuxServe, Algorithm 2.
struct CandidateSearch {
    /// Ascending: MuxServe's profiles begin at 30 %.
    private static let shares = (3...9).map { Share($0) }

    private let demand: ModelDemand
    private let kind: MeshKind
    private let cost: ModelCost
    private let peak: DevicePeak
    private let host: HostCost
    private let maxBatch: Int

    /// - Returns: A search that finds nothing where the weights leave no room for a sequence.
    init(_ demand: ModelDemand, _ kind: MeshKind, _ cost: ModelCost, _ peak: DevicePeak, _ host: HostCost) {
        self.demand = demand
        self.kind = kind
        self.cost = cost
        self.peak = peak
        self.host = host
        let cache = UnitMemory.cacheBytes(for: [demand.profile], on: kind)
        let sequence = demand.profile.kvBytesPerToken * (demand.meanPromptTokens + demand.meanOutputTokens)
        maxBatch = Int(min(UnitEstimator.largestBatch, max(0, cache / sequence)))
    }

    func setup() -> UnitEstimator.Setup? {
        guard maxBatch >= 1 else { return nil }
        var best: ParallelCandidate?
        for share in Self.shares {
            let candidate = candidate(share)
            // Chosen: what differs less is rounding, and the smaller share is the better one.
            if candidate.throughput > (best?.throughput ?? 0) * 1.0001 { best = candidate }
            if candidate.isSatisfied { break }
        }
        return best.map(setup)
    }

    private func candidate(_ share: Share) -> ParallelCandidate {
        var (low, high) = (1, maxBatch)
        while low < high {
            let middle = (low + high) / 2
            if throughput(middle, share) >= demand.rate { high = middle } else { low = middle + 1 }
        }
        let reached = throughput(low, share)
        return ParallelCandidate(
            devices: kind.devices, decodeShare: share, batch: low, throughput: min(reached, demand.rate),
            isSatisfied: reached >= demand.rate)
    }

    private func setup(_ candidate: ParallelCandidate) -> UnitEstimator.Setup {
        let batch = Double(candidate.batch)
        let work = demand.profile.work(
            newTokens: batch, cachedTokens: batch * context, readsCacheOf: batch * context)
        let step = cost.decode.time(batch: batch, length: context, share: candidate.decodeShare.fraction) / kind.speed
        return UnitEstimator.Setup(
            candidate: candidate, prefillShare: prefillShare(), cost: cost,
            utilisation: Utilisation(
                bytes: work.bytes, flops: work.flops, time: step, devices: kind.devices, peak: peak),
            busy: min(1, step * demand.meanOutputTokens * demand.rate / batch))
    }

    /// The smallest share from half the device on that delays prompts by at most a tenth. Chosen: eight of them, as
    /// after a moment in which others had the device.
    private func prefillShare() -> Share {
        let batch = 8.0
        let whole = cost.prefill.time(batch: batch, length: demand.meanPromptTokens, share: 1)
        return (5...9).map { Share($0) }.first { share in
            cost.prefill.time(batch: batch, length: demand.meanPromptTokens, share: share.fraction) <= 1.1 * whole
        } ?? .whole
    }

    private func throughput(_ batch: Int, _ share: Share) -> Double {
        let (batch, share) = (Double(batch), share.fraction)
        let step = cost.decode.time(batch: batch, length: context, share: share) / kind.speed + host.decode(batch)
        let prefill = cost.prefill.time(batch: batch, length: demand.meanPromptTokens, share: 1) / kind.speed
        return batch / (step * demand.meanOutputTokens + prefill + host.prefill(batch))
    }

    private var context: Double { demand.meanPromptTokens + demand.meanOutputTokens / 2 }
}

/// How one model could run alone on a mesh of some size.
///
/// Source: MuxServe, Algorithm 2.
package struct ParallelCandidate: Hashable, Sendable, Codable {
    package var devices: Int
    /// The smallest share that sustains the rate, or the best one if none does.
    package var decodeShare: Share
    package var batch: Int
    /// Requests per second; the arrival rate where it is sustained.
    package var throughput: Double
    package var isSatisfied: Bool

    package init(devices: Int, decodeShare: Share, batch: Int, throughput: Double, isSatisfied: Bool) {
        self.devices = devices
        self.decodeShare = decodeShare
        self.batch = batch
        self.throughput = throughput
        self.isSatisfied = isSatisfied
    }
}
