import Quantities

/// The rate-weighted mean of the models' requests per second, each counted up to its arrival rate: the throughput of
/// the paper's figures. Replicas weigh by the rate of their model.
///
/// Of plans that serve everything, the one with the shorter rounds scores a little more.
package struct ThroughputObjective: UnitObjective {
    /// The most that short rounds add, as a part of the rate. Chosen: less than any difference in what is served that
    /// matters, more than rounding.
    private static let promptness = 1e-3

    private let estimator: UnitEstimator
    /// Of each demand, the rate of its model over all models' rates.
    private let weights: [Double]

    /// - Parameters:
    ///   - peak: Of the device of the cost file, by which utilisation is judged.
    /// - Throws: `CostError`.
    package init(
        demands: [ModelDemand], costs: CostModel, cluster: Cluster, peak: DevicePeak = .a100,
        contention: Contention = .measured, host: HostCost = .measured
    ) throws(CostError) {
        estimator = try UnitEstimator(
            demands, costs: costs, cluster: cluster, peak: peak, contention: contention, host: host)
        let total = demands.reduce(0) { $0 + $1.rate }
        var rates: [String: Double] = [:]
        for demand in demands { rates[demand.name, default: 0] += demand.rate }
        weights = demands.map { (rates[$0.name] ?? 0) / total }
    }

    package var demands: [ModelDemand] { estimator.demands }

    package func estimate(_ models: [Int], on mesh: MeshKind) -> UnitEstimate? {
        guard let states = estimator.steadyStates(models, on: mesh) else { return nil }
        let estimates = estimator.estimates(models, states, on: mesh)
        var score = 0.0
        for (index, state) in states.enumerated() {
            let rate = demands[models[index]].rate
            let promptness = Self.promptness * rate * state.unloadedResidence / state.residence
            score += weights[models[index]] * (estimates[index].throughput + promptness)
        }
        return UnitEstimate(score: score, models: estimates)
    }

    package func candidate(_ model: Int, on mesh: MeshKind) -> ParallelCandidate? {
        estimator.setup(model, on: mesh)?.candidate
    }
}

extension UnitEstimator {
    /// What steady states mean for the models' throughput, up to their rates.
    func estimates(_ models: [Int], _ states: [SteadyState], on mesh: MeshKind) -> [ModelEstimate] {
        zip(models, states).map { model, state in
            let setup = setup(model, on: mesh)
            return ModelEstimate(
                batch: Int(state.batch), throughput: min(state.throughput, demands[model].rate),
                shares: PhaseShares(
                    prefill: setup?.prefillShare ?? .whole, decode: setup?.candidate.decodeShare ?? .whole))
        }
    }
}
