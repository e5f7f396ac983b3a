import Quantities

/// Looks for a better placement near the one that there is: a replica of a model goes elsewhere, two change places, a
/// model gets one more or has one less, the best of these first, for as long as it gains more than it costs.
struct ReplacementSearch<Objective: UnitObjective> {
    /// Each model at the rates that it has with one replica, two, and so on: the parts of its rate.
    private let objective: Objective
    private let demands: [ModelDemand]
    private let units: [ServedUnit]
    private let settings: ReplacementSettings
    /// Of each model the units that serve it now.
    let holders: [[Int]]
    private let rate: Double
    private var scores: [Key: Double] = [:]

    private struct Key: Hashable {
        var mesh: MeshKind
        var models: [Int]
    }

    /// What a step must gain for each model that it loads, as a part of all requests. Chosen: as in `Replanning.run`.
    private static var leastGain: Double { 0.005 }

    /// - Throws: What `makeObjective` throws.
    init(
        _ units: [ServedUnit], _ demands: [ModelDemand], _ settings: ReplacementSettings,
        by makeObjective: ([ModelDemand]) throws -> Objective
    ) rethrows {
        self.units = units
        self.demands = demands
        self.settings = settings
        rate = demands.reduce(0) { $0 + $1.rate }
        holders = demands.map { demand in units.indices.filter { units[$0].models.contains(demand.name) } }
        let most = max(settings.replicas, holders.map(\.count).max() ?? 1)
        objective = try makeObjective(
            demands.flatMap { demand in
                (1...most).map { count in
                    var part = demand
                    part.rate /= Double(count)
                    return part
                }
            })
    }

    /// What the objective says of all units together; `nil` where models do not fit.
    mutating func score(_ holders: [[Int]]) -> Double? {
        var sum = 0.0
        for unit in units.indices {
            guard let score = score(of: unit, holders) else { return nil }
            sum += score
        }
        return sum
    }

    private mutating func score(of unit: Int, _ holders: [[Int]]) -> Double? {
        let models = models(of: unit, holders)
        guard !models.isEmpty else { return 0 }
        let most = objective.demands.count / demands.count
        let weights = models.reduce(0) { $0 + demands[$1 / most].profile.weightBytes }
        guard weights <= units[unit].weightBytes else { return nil }
        let key = Key(mesh: units[unit].mesh, models: models)
        if let score = scores[key] { return score.isFinite ? score : nil }
        let score = objective.estimate(models, on: units[unit].mesh)?.score
        scores[key] = score ?? -.infinity
        return score
    }

    /// The models of a unit, as the objective knows them.
    private func models(of unit: Int, _ holders: [[Int]]) -> [Int] {
        let most = objective.demands.count / demands.count
        return holders.indices.filter { holders[$0].contains(unit) }.map { $0 * most + holders[$0].count - 1 }
    }

    /// The same of each unit; 0 where models do not fit.
    mutating func scores(_ holders: [[Int]]) -> [Double] {
        var scores: [Double] = []
        for unit in units.indices { scores.append(score(of: unit, holders) ?? 0) }
        return scores
    }

    /// Requests that may be late or computed twice because of the moves from the placement that there is: those that
    /// come while a model is loaded, which takes its device's time, and after which its requests find no prefixes.
    func cost(_ holders: [[Int]]) -> Double {
        holders.indices.reduce(0) { sum, model in
            let loads = holders[model].count { !self.holders[model].contains($0) }
            let late = demands[model].rate * settings.loadTime(of: demands[model].profile)
            return sum + late * Double(loads) / Double(max(1, holders[model].count))
        }
    }

    /// The best placement that steps lead to; the one that there is where none gains.
    ///
    /// - Complexity: O(steps x (models x units + pairs of models on different units) x units).
    mutating func run() -> [[Int]] {
        var best = holders
        guard var worth = worth(best) else { return best }
        while true {
            var next: (holders: [[Int]], worth: Double, ratio: Double)?
            for step in steps(from: best) {
                guard let found = self.worth(step.holders) else { continue }
                let loads = Double(step.loads)
                let gain = found - worth
                guard gain > Self.leastGain * rate * max(1, loads) else { continue }
                // Chosen: of two steps the one that gains more for each model that it loads.
                let ratio = gain / max(1, loads)
                if ratio > next?.ratio ?? 0 { next = (step.holders, found, ratio) }
            }
            guard let next else { return best }
            (best, worth) = (next.holders, next.worth)
        }
    }

    /// Requests per second that are served well, less those that the moves cost.
    private mutating func worth(_ holders: [[Int]]) -> Double? {
        score(holders).map { $0 - cost(holders) / settings.horizon }
    }

    /// A placement one step on.
    private struct Step {
        var holders: [[Int]]
        var loads: Int
    }

    private func steps(from holders: [[Int]]) -> [Step] {
        var steps: [Step] = []
        for model in holders.indices {
            let own = holders[model]
            for source in own where own.count > 1 { steps.append(step(holders, [(model, source, nil)])) }
            for unit in units.indices where !own.contains(unit) {
                if own.count < settings.replicas { steps.append(step(holders, [(model, nil, unit)])) }
                for source in own {
                    steps.append(step(holders, [(model, source, unit)]))
                    for other in holders.indices.suffix(from: model + 1)
                    where holders[other].contains(unit) && !holders[other].contains(source) {
                        steps.append(step(holders, [(model, source, unit), (other, unit, source)]))
                    }
                }
            }
        }
        return steps
    }

    private func step(_ holders: [[Int]], _ changes: [(model: Int, from: Int?, to: Int?)]) -> Step {
        var result = Step(holders: holders, loads: changes.count { $0.to != nil })
        for (model, source, destination) in changes {
            result.holders[model].removeAll { $0 == source }
            guard let destination else { continue }
            let place = result.holders[model].firstIndex { $0 > destination } ?? result.holders[model].count
            result.holders[model].insert(destination, at: place)
        }
        return result
    }
}
