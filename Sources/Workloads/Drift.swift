package import Quantities

/// Requests whose models change places in popularity: the hottest becomes the coldest, the second the last but one, and
/// so on, gradually within the turn.
package struct Drift: Hashable, Sendable {
    /// With the rates before the turn.
    package var workload: Workload
    /// When popularity turns around.
    package var turn: ClosedRange<Seconds>

    /// - Parameter workload: Its requests come independently of each other, whatever it says.
    package init(_ workload: Workload, turn: ClosedRange<Seconds>) { (self.workload, self.turn) = (workload, turn) }

    /// The rate of a model at a time, by its place among the models.
    package func rate(of model: Int, at time: Seconds) -> Double {
        let models = workload.models, (before, after) = (models[model].rate, models[models.count - 1 - model].rate)
        let length = turn.upperBound - turn.lowerBound
        let part = length > 0 ? (time - turn.lowerBound) / length : time < turn.lowerBound ? 0 : 1
        return before + (after - before) * min(1, max(0, part))
    }

    /// The requests of one run, by arrival: a Poisson process of each model, thinned from its larger rate (Lewis,
    /// Shedler, 1979). Equal seeds give equal requests.
    ///
    /// - Throws: `WorkloadError` for what `Workload` refuses.
    package func requests(seed: UInt64) throws(WorkloadError) -> [Request] {
        var most = workload, models = workload.models
        for index in models.indices {
            models[index].rate = max(models[index].rate, models[models.count - 1 - index].rate)
        }
        (most.models, most.arrivals) = (models, .poisson)
        let places = Dictionary(models.enumerated().map { ($1.name, $0) }) { first, _ in first }
        var random = SplitMix64(seed: seed, stream: models.count)
        return try most.requests(seed: seed).filter { request in
            guard let place = places[request.model] else { return false }
            return random.unit() * models[place].rate < rate(of: place, at: request.arrival)
        }
    }
}
