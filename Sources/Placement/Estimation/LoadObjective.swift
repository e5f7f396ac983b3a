import Foundation

/// Requests per second, each counted the less the nearer its model is to what its unit can serve of it.
///
/// What moves while it serves is judged by measured rates, which waver: this objective wavers no more than they do,
/// where attainment falls off a cliff as soon as rounds are too long for some model.
package struct LoadObjective: UnitObjective {
    /// How steeply requests lose as the load grows. Chosen: at half of the capacity they count whole, at 70 % as
    /// 95 %, at all of it half, and beyond twice it not at all. With less, models moved that had better stay.
    private static let steepness = 8.0

    private let estimator: UnitEstimator

    /// - Throws: `CostError`.
    package init(
        demands: [ModelDemand], costs: CostModel, cluster: Cluster, peak: DevicePeak = .a100,
        contention: Contention = .measured, host: HostCost = .measured
    ) throws(CostError) {
        estimator = try UnitEstimator(
            demands, costs: costs, cluster: cluster, peak: peak, contention: contention, host: host)
    }

    package var demands: [ModelDemand] { estimator.demands }

    package func estimate(_ models: [Int], on mesh: MeshKind) -> UnitEstimate? {
        guard let states = estimator.steadyStates(models, on: mesh) else { return nil }
        let score = zip(models, states).reduce(0) { sum, model in
            let rate = demands[model.0].rate
            return sum + rate / (1 + pow(rate / model.1.capacity, Self.steepness))
        }
        return UnitEstimate(score: score, models: estimator.estimates(models, states, on: mesh))
    }

    package func candidate(_ model: Int, on mesh: MeshKind) -> ParallelCandidate? {
        estimator.setup(model, on: mesh)?.candidate
    }
}
