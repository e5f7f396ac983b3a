import Quantities

/// Predicts a unit's steady state: the paper's `F(b, W)` with the workload's own lengths, and what the paper leaves
/// out: decodes that exceed the device together take turns, and jobs side by side contend.
///
/// The paper has a round of a model wait for one prefill of every other model; here it waits for as many as there are
/// in that time, which differs where rounds do. Cache is split by quotas proportional to rate x cached bytes per token.
struct UnitEstimator: Sendable {
    /// The most sequences of a decode batch, as plans tell models. At overload, plans that counted on larger ones
    /// served less in simulation.
    static let largestBatch = Double(PlannedModel.standardSequences)

    let demands: [ModelDemand]
    private let contention: Contention
    private let host: HostCost
    private let setups: [[MeshKind: Setup]]

    /// One model on one kind of mesh.
    struct Setup: Sendable {
        var candidate: ParallelCandidate
        var prefillShare: Share
        var cost: ModelCost
        /// What it keeps busy while it decodes.
        var utilisation: Utilisation
        /// The part of the time in which it decodes, from its rate.
        var busy: Double

        var decodeShare: Double { candidate.decodeShare.fraction }
    }

    /// - Throws: `CostError`.
    init(
        _ demands: [ModelDemand], costs: CostModel, cluster: Cluster, peak: DevicePeak, contention: Contention,
        host: HostCost
    ) throws(CostError) {
        self.demands = demands
        self.contention = contention
        self.host = host
        let kinds = MeshKinds(cluster).kinds
        var setups: [[MeshKind: Setup]] = []
        for demand in demands {
            var ofModel: [MeshKind: Setup] = [:]
            for kind in kinds {
                guard let cost = try costs.costs(of: demand.profile.costName, devices: kind.devices) else { continue }
                ofModel[kind] = CandidateSearch(demand, kind, cost, peak, host).setup()
            }
            setups.append(ofModel)
        }
        self.setups = setups
    }

    func setup(_ model: Int, on mesh: MeshKind) -> Setup? { setups[model][mesh] }

    /// The steady state of each model; `nil` where the models do not fit together.
    func steadyStates(_ models: [Int], on mesh: MeshKind) -> [SteadyState]? {
        var members: [Member] = []
        let cache = UnitMemory.cacheBytes(for: models.map { demands[$0].profile }, on: mesh)
        var cacheDemand = 0.0
        for model in models {
            guard let setup = setups[model][mesh] else { return nil }
            let demand = demands[model]
            if members.contains(where: { $0.demand.name == demand.name }) { return nil }  // two replicas of a model
            cacheDemand += demand.rate * demand.profile.kvBytesPerToken
            members.append(Member(demand, setup, speed: mesh.speed, host))
        }
        let leastCache = members.reduce(0) { $0 + $1.demand.profile.kvBytesPerToken * $1.tokens }
        guard cache >= leastCache else { return nil }  // a sequence of each model
        for index in members.indices {
            let demand = members[index].demand
            let quota = cache * demand.rate * demand.profile.kvBytesPerToken / cacheDemand
            let cap = quota / (demand.profile.kvBytesPerToken * members[index].tokens)
            members[index].cap = min(max(cap, 1), Self.largestBatch).rounded(.down)
        }
        stretch(&members)
        return balance(&members)
    }

    /// Slows decodes that do not fit on the mesh side by side, and those that contend.
    ///
    /// Two decodes whose shares exceed the mesh together take turns: a step of each lasts as long as both.
    private func stretch(_ members: inout [Member]) {
        let shares = members.reduce(0) { $0 + $1.setup.busy * $1.setup.decodeShare }
        let turns = max(1, shares / (1 + Share.overload.fraction))
        let total = members.reduce(Utilisation.idle) { sum, member in
            sum
                + Utilisation(
                    memory: member.setup.busy * member.setup.utilisation.memory,
                    compute: member.setup.busy * member.setup.utilisation.compute)
        }
        let busy = members.reduce(0) { $0 + $1.setup.busy }
        for index in members.indices {
            let own = members[index].setup
            let others = Utilisation(
                memory: total.memory - own.busy * own.utilisation.memory,
                compute: total.compute - own.busy * own.utilisation.compute)
            let step = members[index].step(members[index].cap)
            let waits = members.indices.reduce(0.0) { sum, other in
                let excludes = members[other].setup.decodeShare + own.decodeShare > 1 + Share.overload.fraction + 1e-9
                guard other != index, excludes else { return sum }
                return sum + members[other].setup.busy * members[other].step(members[other].cap)
            }
            members[index].stretch =
                max(turns, 1 + waits / step)
                * contention.slowdown(of: own.utilisation, beside: others, count: busy - own.busy)
        }
    }

    /// Finds the part of the time that prefills take, and with it what each model serves.
    ///
    /// Prefills hold up all decodes. A model that decodes `u` requests per second without them serves `u (1 - p)`
    /// beside prefills that take the part `p` of the time, which in turn grows with what all serve.
    private func balance(_ members: inout [Member]) -> [SteadyState] {
        var (low, high) = (0.0, 1.0)
        // Chosen: to 1e-12, as where prefills take nearly all the time what is left for decodes is small.
        for _ in 0..<40 {
            let part = (low + high) / 2
            let needed = members.reduce(0) { $0 + $1.prefillTime * $1.served(beside: part) }
            if needed > part { low = part } else { high = part }
        }
        return members.map { $0.steadyState(beside: high) }
    }
}

/// A model in a unit whose steady state is sought.
private struct Member {
    let demand: ModelDemand
    let setup: UnitEstimator.Setup
    let speed: Double
    let host: HostCost
    /// The largest batch, by quota.
    var cap = 1.0 {
        didSet {
            let atOnce = max(1, cap / demand.meanOutputTokens)
            prefillTime = prefill(atOnce) / atOnce
        }
    }
    var stretch = 1.0 {
        didSet { fullRate = rate(cap) }
    }
    /// Of one request, in jobs of as many as end in a decode step of the largest batch.
    private(set) var prefillTime: Seconds = 0
    /// Requests per second at the largest batch, but for prefills.
    private var fullRate = 0.0

    init(_ demand: ModelDemand, _ setup: UnitEstimator.Setup, speed: Double, _ host: HostCost) {
        self.demand = demand
        self.setup = setup
        self.speed = speed
        self.host = host
    }

    var tokens: Double { demand.meanPromptTokens + demand.meanOutputTokens }

    /// Requests per second where prefills take a part of the time.
    func served(beside prefills: Double) -> Double { min(demand.rate, fullRate * (1 - prefills)) }

    func steadyState(beside prefills: Double) -> SteadyState {
        let batch = batch(beside: prefills), left = 1 - prefills
        return SteadyState(
            batch: batch, throughput: rate(batch) * left, capacity: fullRate * left,
            // Chosen: where prefills take all the time, rounds are long but finite.
            residence: step(batch) * stretch * demand.meanOutputTokens / max(1e-3, left) + prefillTime,
            unloadedResidence: setup.cost.decode.time(batch: 1, length: context, share: 1) / speed
                * demand.meanOutputTokens + prefill(1))
    }

    /// The smallest batch that serves all that can be served.
    private func batch(beside prefills: Double) -> Double {
        var (low, high) = (1.0, cap)
        if fullRate * (1 - prefills) <= demand.rate { return cap }
        while low < high {
            let middle = ((low + high) / 2).rounded(.down)
            if rate(middle) * (1 - prefills) >= demand.rate { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func rate(_ batch: Double) -> Double { batch / (step(batch) * stretch * demand.meanOutputTokens) }

    /// The mean tokens that a decoded sequence has cached.
    private var context: Double { demand.meanPromptTokens + demand.meanOutputTokens / 2 }

    private func prefill(_ batch: Double) -> Seconds {
        setup.cost.prefill.time(batch: batch, length: demand.meanPromptTokens, share: 1) / speed + host.prefill(batch)
    }

    func step(_ batch: Double) -> Seconds {
        setup.cost.decode.time(batch: batch, length: context, share: setup.decodeShare) / speed
            + host.decode(batch)
    }
}

/// How a model runs in its unit once arrivals and departures balance.
struct SteadyState: Hashable, Sendable {
    var batch: Double
    /// Requests per second that the batch sustains; may exceed the arrival rate.
    var throughput: Double
    /// Requests per second at the largest batch that the model's quota permits.
    var capacity: Double
    /// From a request's prefill to its last token.
    var residence: Seconds
    /// The residence alone on the whole mesh.
    var unloadedResidence: Seconds
}

/// How a unit's memory is divided.
package enum UnitMemory {
    /// The part of a mesh's memory that weights, cache and scratch may take. Chosen: the rest is the driver's, and what
    /// cannot be had in one piece.
    package static let usable = 0.95

    /// The bytes left for keys and values of all models of a unit; negative where the weights alone do not fit.
    package static func cacheBytes(for models: [ModelProfile], on mesh: MeshKind) -> Double {
        let devices = Double(mesh.devices)
        return models.reduce(usable * mesh.memoryBytes * devices) {
            $0 - $1.weightBytes - $1.scratchBytes * devices
        }
    }
}
