import Workloads

/// Predicts a unit's steady state: the paper's `F(b, W)` with the workload's own lengths, and what the paper leaves
/// out:
/// decodes that exceed the device together take turns, and jobs side by side contend.
///
/// A generation round of a model with batch `B` lasts its decode steps and one prefill of every model of the unit.
/// Cache
/// is split by quotas proportional to rate x cached bytes per token.
struct UnitEstimator: Sendable {
    /// The shares of a unit's jobs may exceed its devices by this.
    static let overload = 0.2
    /// The most sequences of a decode batch, as a model serves unless told otherwise. At overload, plans that counted on
    /// larger ones served less in simulation.
    private static let largestBatch = 256.0

    let demands: [ModelDemand]
    private let contention: Contention
    private let host: HostCost
    private let setups: [[MeshKind: Setup]]

    /// One model on one kind of mesh.
    struct Setup: Sendable {
        var candidate: ParallelCandidate
        var prefillSharePercent: Int
        var decodeShare: Double
        var cost: ModelCost
        /// What it keeps busy while it decodes.
        var utilisation: Utilisation
        /// The part of the time in which it decodes, from its rate.
        var busy: Double
    }

    /// - Throws: `CostError.unknownModel`.
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
        return grow(&members)
    }

    /// Slows decodes that do not fit on the mesh side by side, and those that contend.
    private func stretch(_ members: inout [Member]) {
        let shares = members.reduce(0) { $0 + $1.setup.busy * $1.setup.decodeShare }
        let turns = max(1, shares / (1 + Self.overload))
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
            members[index].stretch =
                turns * contention.slowdown(of: own.utilisation, beside: others, count: busy - own.busy)
        }
    }

    /// Enlarges the batch of the worst served model until all are served or full.
    private func grow(_ members: inout [Member]) -> [SteadyState] {
        for index in members.indices { members[index].setBatch(1) }
        while true {
            let prefills = members.reduce(0) { $0 + $1.prefill }
            var worst: (index: Int, part: Double)?
            for (index, member) in members.enumerated() where member.batch < member.cap {
                let part = member.throughput(prefills) / member.demand.rate
                if part < 1, part < worst?.part ?? .infinity { worst = (index, part) }
            }
            guard let worst else { return members.map { $0.steadyState(prefills) } }
            let batch = members[worst.index].batch
            members[worst.index].setBatch(min(members[worst.index].cap, batch + max(1, (batch / 8).rounded(.down))))
        }
    }
}

/// A model while its unit's batches grow.
private struct Member {
    let demand: ModelDemand
    let setup: UnitEstimator.Setup
    let speed: Double
    let host: HostCost
    var cap = 1.0
    var stretch = 1.0
    private(set) var batch = 1.0
    private(set) var prefill: Seconds = 0
    private var step: Seconds = 0

    init(_ demand: ModelDemand, _ setup: UnitEstimator.Setup, speed: Double, _ host: HostCost) {
        self.demand = demand
        self.setup = setup
        self.speed = speed
        self.host = host
    }

    var tokens: Double { demand.meanPromptTokens + demand.meanOutputTokens }

    mutating func setBatch(_ batch: Double) {
        self.batch = batch
        prefill = prefillTime(batch)
        step = stepTime(batch) * stretch
    }

    func throughput(_ prefills: Seconds) -> Double { batch / (step * demand.meanOutputTokens + prefills) }

    func steadyState(_ prefills: Seconds) -> SteadyState {
        let others = prefills - prefill
        let fullRound = stepTime(cap) * stretch * demand.meanOutputTokens + prefillTime(cap) + others
        return SteadyState(
            batch: batch, throughput: throughput(prefills), capacity: cap / fullRound,
            residence: step * demand.meanOutputTokens + prefills,
            unloadedResidence: setup.cost.decode.time(batch: 1, length: context, share: 1) / speed
                * demand.meanOutputTokens + prefillTime(1))
    }

    /// The mean tokens that a decoded sequence has cached.
    private var context: Double { demand.meanPromptTokens + demand.meanOutputTokens / 2 }

    private func prefillTime(_ batch: Double) -> Seconds {
        setup.cost.prefill.time(batch: batch, length: demand.meanPromptTokens, share: 1) / speed
            + host.prefill(batch)
    }

    private func stepTime(_ batch: Double) -> Seconds {
        setup.cost.decode.time(batch: batch, length: context, share: setup.decodeShare) / speed
            + host.decode(batch)
    }
}
