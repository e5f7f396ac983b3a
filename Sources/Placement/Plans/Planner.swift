/// Plans a workload; a model too hot for one unit gets replicas in several.
package struct Planner<Objective: UnitObjective>: Sendable {
    private let cluster: Cluster
    private let rounds: Int
    private let seed: UInt64
    private let makeObjective: @Sendable ([ModelDemand]) throws -> Objective

    /// - Parameters:
    ///   - rounds: Of local search, as in `PlacementSearch`.
    ///   - makeObjective: The objective over demands, in which replicas carry the name of their model and their part of
    ///     its rate. It must refuse units that hold two demands of one name.
    package init(
        on cluster: Cluster, rounds: Int = 100, seed: UInt64 = 1,
        makeObjective: @escaping @Sendable ([ModelDemand]) throws -> Objective
    ) {
        self.cluster = cluster
        self.rounds = rounds
        self.seed = seed
        self.makeObjective = makeObjective
    }

    /// What was planned, and by which objective.
    package struct Result: Sendable {
        package var assignment: Assignment
        package var objective: Objective

        package init(assignment: Assignment, objective: Objective) {
            self.assignment = assignment
            self.objective = objective
        }

        package var plan: Plan { Plan(assignment, of: objective) }
    }

    /// - Parameters:
    ///   - maxReplicas: Of each model; 1 forbids replicas.
    ///   - isOver: As in `PlacementSearch.run`.
    /// - Throws: `PlacementError`, and what `makeObjective` throws.
    package func plan(
        _ demands: [ModelDemand], maxReplicas: Int = 1, until isOver: () -> Bool = { false }
    ) throws -> Result {
        for (index, demand) in demands.enumerated() where demands[..<index].contains(where: { $0.name == demand.name })
        {
            throw PlacementError.duplicateModel(demand.name)
        }
        var replicas = Array(repeating: 1, count: demands.count)
        var best = try search(demands, replicas, isOver)
        var settled: Set<Int> = []
        while maxReplicas > 1, !isOver(), let hottest = shortest(best, demands, settled) {
            replicas[hottest] += 1
            if replicas[hottest] <= maxReplicas, let next = try? search(demands, replicas, isOver),
                // Chosen: for less, a second copy of the weights is not worth its memory.
                next.assignment.score > best.assignment.score * 1.001
            {
                best = next
            } else {
                replicas[hottest] -= 1
                settled.insert(hottest)
            }
        }
        return best
    }

    private func search(_ demands: [ModelDemand], _ replicas: [Int], _ isOver: () -> Bool) throws -> Result {
        let expanded = zip(demands, replicas).flatMap { demand, count in
            var part = demand
            part.rate /= Double(count)
            return Array(repeating: part, count: count)
        }
        let objective = try makeObjective(expanded)
        let search = PlacementSearch(objective, on: cluster, rounds: rounds, seed: seed)
        return Result(assignment: try search.run(until: isOver), objective: objective)
    }

    /// The model that misses most requests; `nil` where none misses a hundredth of its rate.
    private func shortest(_ result: Result, _ demands: [ModelDemand], _ settled: Set<Int>) -> Int? {
        var served: [String: Double] = [:]
        for unit in result.plan.units {
            for model in unit.models { served[model.name, default: 0] += model.estimatedThroughput }
        }
        let missing = demands.indices.filter { !settled.contains($0) }.map { index in
            (index: index, rate: demands[index].rate - served[demands[index].name, default: 0])
        }
        guard let most = missing.max(by: { $0.rate < $1.rate }), most.rate > 0.01 * demands[most.index].rate else {
            return nil
        }
        return most.index
    }
}
