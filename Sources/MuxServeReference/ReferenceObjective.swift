package import Placement
package import Quantities

/// The objective of MuxServe's published optimiser, for comparison with it: the rate-weighted mean of uncapped requests
/// per second, with its fixed lengths, memory arithmetic and look-up.
///
/// Not for real plans: `ThroughputObjective` is what the paper means.
/// Source: the specification of the reference code; its list-index defect concerns its search and is not here.
package struct ReferenceObjective: UnitObjective {
    static let memoryPerDevice = 80.0  // GB
    static let promptTokens = 161
    static let outputTokens = 337
    static let activation = 6.0  // GB a model
    static let context = 1.6  // GB a model

    package let demands: [ModelDemand]
    private let totalRate: Double
    private let setups: [[Int: Setup]]

    /// One model on one number of devices: its candidate and the costs at the candidate's share.
    private struct Setup {
        var candidate: ParallelCandidate
        var costs: ReferenceCosts
    }

    /// - Throws: `CostError`.
    package init(demands: [ModelDemand], costs: CostTable, cluster: Cluster) throws(CostError) {
        self.demands = demands
        totalRate = demands.reduce(0) { $0 + $1.rate }
        // The optimiser takes the weights' part of all memory for the part that the cache may use.
        let weights = demands.reduce(0) { $0 + Self.weights($1) + Self.activation }
        let cachePart = weights / (Double(cluster.deviceCount) * Self.memoryPerDevice)
        var setups: [[Int: Setup]] = []
        for demand in demands {
            guard let grids = costs.grids[demand.profile.costName] else {
                throw CostError(unknownModel: demand.profile.costName, known: costs.models)
            }
            setups.append(
                Dictionary(
                    uniqueKeysWithValues: grids.compactMap { devices, grid in
                        let cache = cachePart * Self.memoryPerDevice * Double(devices)
                        return Self.setup(demand, devices, grid, cache).map { (devices, $0) }
                    }))
        }
        self.setups = setups
    }

    package func candidate(_ model: Int, on mesh: MeshKind) -> ParallelCandidate? {
        setups[model][mesh.devices]?.candidate
    }

    package func estimate(_ models: [Int], on mesh: MeshKind) -> UnitEstimate? {
        var setups: [Setup] = []
        for model in models {
            guard let setup = self.setups[model][mesh.devices] else { return nil }
            setups.append(setup)
        }
        let weights = models.reduce(0) { $0 + Self.weights(demands[$1]) }
        let count = Double(models.count)
        let shares = setups.reduce(0) { $0 + $1.candidate.decodeShare.percent }
        let room = 0.9 * 0.6 * Self.memoryPerDevice * Double(mesh.devices)
        let most = Share.whole.percent + Share.overload.percent
        guard weights + count * (Self.context + Self.activation) <= room, shares <= most else { return nil }
        let memory = 0.98 * Self.memoryPerDevice * Double(mesh.devices)
        return grow(models, setups, cache: max(0, memory - weights - Self.activation * count))
    }

    /// Enlarges the batch of the worst served model one by one, and keeps the best state seen.
    private func grow(_ models: [Int], _ setups: [Setup], cache: Double) -> UnitEstimate {
        let costs = setups.map(\.costs)
        let rates = models.map { demands[$0].rate }
        let perToken = models.map { Self.cachePerToken(demands[$0]) }
        let demand = zip(rates, perToken).reduce(0) { $0 + $1.0 * $1.1 }
        var batches: [Int] = []
        var caps: [Int] = []
        for (index, cost) in costs.enumerated() {
            let part = cache * rates[index] * perToken[index] / demand
            let alone = Self.alone(cost, rate: rates[index], cache: part, perToken: perToken[index])
            batches.append(alone.batch)
            caps.append(min(Int(part / (perToken[index] * Self.tokens)), cost.maxBatch))
        }
        let unitRate = rates.reduce(0, +)
        var throughputs = rates
        var best = (score: -Double.infinity, batches: batches)
        repeat {
            let rows = costs.indices.map { costs[$0].row(Double(batches[$0])) }
            let prefills = costs.indices.reduce(0) { $0 + costs[$1].prefill[rows[$1]] }
            var worst: (index: Int, part: Double)?
            var score = 0.0
            for index in costs.indices {
                let batch = Double(batches[index])
                let step = costs[index].decode[rows[index]] + costs[index].overhead * batch
                let throughput = batch / (step * Double(Self.outputTokens) + prefills)
                throughputs[index] = throughput
                score += rates[index] * throughput
                let part = throughput / rates[index]
                let isOpen = !Self.satisfies(throughput, rates[index]) && batches[index] < caps[index]
                if isOpen, part < worst?.part ?? .infinity { worst = (index, part) }
            }
            score /= unitRate
            if score > best.score { best = (score, batches) }
            guard let worst else { break }
            batches[worst.index] += 1
        } while zip(batches, caps).contains { $0 < $1 }
        let estimates = models.indices.map { index in
            ModelEstimate(
                batch: best.batches[index], throughput: throughputs[index],
                shares: PhaseShares(
                    prefill: Self.prefillShare(demands[models[index]]), decode: setups[index].candidate.decodeShare))
        }
        return UnitEstimate(score: best.score * unitRate / totalRate, models: estimates)
    }
}

extension ReferenceObjective {
    private static let tokens = Double(promptTokens + outputTokens)

    private static func weights(_ demand: ModelDemand) -> Double { 2 * demand.profile.parameters / 1e9 }

    /// In GiB, which the optimiser compares with GB.
    private static func cachePerToken(_ demand: ModelDemand) -> Double {
        Double(demand.profile.layers * demand.profile.hiddenSize) * 4 / 1_073_741_824
    }

    private static func satisfies(_ throughput: Double, _ rate: Double) -> Bool {
        throughput + min(0.5, 0.1 * throughput) > rate
    }

    /// What MuxServe's code gives a model of so many parameters for its prefills.
    package static func prefillShare(_ demand: ModelDemand) -> Share {
        demand.profile.parameters < 10e9 ? Share(8) : demand.profile.parameters < 20e9 ? Share(9) : .whole
    }

    /// The candidate of one model: the smallest share from 30 to 90 % that sustains its rate, else the fastest.
    private static func setup(_ demand: ModelDemand, _ devices: Int, _ grid: CostGrid, _ cache: Double) -> Setup? {
        guard let whole = grid.shares.firstIndex(of: 100) else { return nil }
        let billions = demand.profile.parameters / 1e9
        let overhead = billions < 10 ? 0.0001 : billions < 20 ? 0.00008 : 0.00007
        var best: Setup?
        for (position, share) in grid.shares.enumerated() where share <= 90 {
            guard
                let costs = ReferenceCosts(
                    grid, prefillShare: whole, decodeShare: position, prompt: promptTokens, output: outputTokens,
                    overhead: overhead)
            else { continue }
            let alone = alone(costs, rate: demand.rate, cache: cache, perToken: cachePerToken(demand))
            let candidate = ParallelCandidate(
                devices: devices, decodeShare: Share(percent: share), batch: alone.batch,
                throughput: alone.throughput, isSatisfied: alone.isSatisfied)
            if alone.isSatisfied { return Setup(candidate: candidate, costs: costs) }
            if alone.throughput > best?.candidate.throughput ?? 0 { best = Setup(candidate: candidate, costs: costs) }
        }
        return best
    }

    /// The smallest batch that sustains the rate, by halving real-valued batches.
    private static func alone(
        _ costs: ReferenceCosts, rate: Double, cache: Double, perToken: Double
    ) -> (batch: Int, throughput: Double, isSatisfied: Bool) {
        let most = min(Int(cache / (perToken * tokens)), costs.maxBatch)
        var (low, high) = (1.0, Double(max(2, most)))
        var batch = low
        var throughput = 0.0
        while high - low >= 1 {
            batch = (low + high) / 2
            throughput = costs.throughput(batch: batch, output: Double(outputTokens))
            if throughput >= rate { high = batch } else { low = batch }
        }
        let isSatisfied = satisfies(throughput, rate)
        return (Int(batch), isSatisfied ? rate : throughput, isSatisfied)
    }
}
