import Foundation

/// Requests per second that finish within a multiple of their unloaded latency.
///
/// A request waits for its prefill as at a server with exponential service, and then resides for its round. What
/// exceeds a model's capacity never finishes in time.
package struct AttainmentObjective: UnitObjective {
    private let estimator: UnitEstimator
    private let scale: Double

    /// - Parameters:
    ///   - scale: The multiple of the unloaded latency that still counts, as the paper's SLO scale.
    /// - Throws: `CostError`.
    package init(
        demands: [ModelDemand], costs: CostModel, cluster: Cluster, scale: Double, peak: DevicePeak = .a100,
        contention: Contention = .measured, host: HostCost = .measured
    ) throws(CostError) {
        self.scale = scale
        estimator = try UnitEstimator(
            demands, costs: costs, cluster: cluster, peak: peak, contention: contention, host: host)
    }

    package var demands: [ModelDemand] { estimator.demands }

    package func estimate(_ models: [Int], on mesh: MeshKind) -> UnitEstimate? {
        guard let states = estimator.steadyStates(models, on: mesh) else { return nil }
        let score = zip(models, states).reduce(0) { $0 + attained(demands[$1.0].rate, $1.1) }
        return UnitEstimate(score: score, models: estimator.estimates(models, states, on: mesh))
    }

    package func candidate(_ model: Int, on mesh: MeshKind) -> ParallelCandidate? {
        estimator.setup(model, on: mesh)?.candidate
    }

    private func attained(_ rate: Double, _ state: SteadyState) -> Double {
        // Chosen: at its capacity a queue would wait for ever; here a hundred times as long as it serves.
        let load = min(rate / state.capacity, 0.99)
        let wait = state.residence / state.batch * load / (1 - load)
        let slack = scale * state.unloadedResidence - state.residence
        let inTime = slack > 0 ? 1 - load * exp(-slack / max(wait, 1e-9)) : 0
        return min(rate, state.capacity) * inTime
    }
}
