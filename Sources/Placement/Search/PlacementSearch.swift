/// Finds the plan with the largest sum of unit scores.
///
/// Greedy placement over all divisions of the cluster (MuxServe, Algorithm 1), then local search from the best of them.
package struct PlacementSearch<Objective: UnitObjective>: Sendable {
    package let objective: Objective
    package let cluster: Cluster
    /// Rounds of local search from each of the best greedy layouts; 0 leaves greedy placement alone.
    package var rounds: Int
    package var seed: UInt64
    /// Greedy layouts that are improved further. Chosen: the search takes as long for each.
    private static var starts: Int { 6 }

    package init(_ objective: Objective, on cluster: Cluster, rounds: Int = 100, seed: UInt64 = 1) {
        self.objective = objective
        self.cluster = cluster
        self.rounds = rounds
        self.seed = seed
    }

    /// - Parameter isOver: Asked often; once true the best placement so far is returned. Without a limit the result
    ///   depends on the seed alone.
    /// - Throws: `PlacementError`.
    package func run(until isOver: () -> Bool = { false }) throws(PlacementError) -> Assignment {
        let kinds = MeshKinds(cluster)
        try check(kinds)
        var book = ScoreBook(objective, kinds)
        let greedy = GreedyPlacement(objective.demands)
        let layouts = greedyLayouts(kinds, greedy, &book, isOver)
        guard let first = layouts.first else {
            throw .clusterTooSmall(models: objective.demands.count, devices: cluster.deviceCount)
        }
        var best = first
        for (number, layout) in layouts.prefix(rounds > 0 ? Self.starts : 0).enumerated() where !isOver() {
            var search = LocalSearch<Objective>(greedy, kinds, seed: seed &+ UInt64(number))
            let found = search.improve(layout, rounds: rounds, &book, until: isOver)
            if found.score > best.score { best = found }
        }
        return Assignment(best, kinds, objective, scoredUnits: book.scoredUnits)
    }

    /// The layouts of greedy placement, the best first. At least one is tried before `isOver` counts.
    private func greedyLayouts(
        _ kinds: MeshKinds, _ greedy: GreedyPlacement, _ book: inout ScoreBook<Objective>, _ isOver: () -> Bool
    ) -> [Layout] {
        let needed = objective.demands.indices.compactMap { model in
            kinds.kinds.filter { objective.candidate(model, on: $0) != nil }.map(\.devices).min()
        }
        let divisions = MeshGroups(kinds).divisions(
            largestNeeded: needed.max() ?? 1, most: objective.demands.count)
        var found: [Layout] = []
        for var layout in divisions {
            if isOver() && !found.isEmpty { break }
            if greedy.place(greedy.order, on: &layout, &book) { found.append(layout) }
        }
        return found.sorted { $0.score > $1.score }
    }

    func check(_ kinds: MeshKinds) throws(PlacementError) {
        if objective.demands.isEmpty { throw .noModels }
        if cluster.deviceCount < 1 { throw .noDevices }
        for (index, demand) in objective.demands.enumerated() {
            if !(demand.rate.isFinite && demand.rate > 0) { throw .invalidRate(model: demand.name, rate: demand.rate) }
            if !(demand.meanPromptTokens >= 1 && demand.meanOutputTokens >= 1) {
                throw .invalidLengths(model: demand.name)
            }
            let fits = kinds.kinds.contains { objective.estimate([index], on: $0) != nil }
            if !fits {
                throw .fitsNowhere(model: demand.name, largestMesh: kinds.kinds.map(\.devices).max() ?? 0)
            }
        }
    }
}

/// A division of the cluster into meshes with models on them, as the search changes it.
struct Layout: Sendable {
    var meshes: [Mesh]

    /// One mesh. `score` is that of its unit, 0 without models.
    struct Mesh: Hashable, Sendable {
        var node: Int
        /// Position in the search's kinds.
        var kind: Int
        /// Ascending.
        var models: [Int] = []
        /// The hash of its models, for `ScoreBook`.
        var code: UInt64 = 0
        var score = 0.0
    }

    var score: Double { meshes.reduce(0) { $0 + $1.score } }
}

/// Where the models of an objective go.
package struct Assignment: Hashable, Sendable {
    /// The sum of the units' scores.
    package var score: Double
    package var units: [Unit]
    /// Different units that were scored on the way.
    package var scoredUnits: Int

    /// One mesh and its models; idle meshes have none.
    package struct Unit: Hashable, Sendable {
        package var node: Int
        package var mesh: MeshKind
        /// Ascending positions in the objective's demands.
        package var models: [Int]
    }

    init(_ layout: Layout, _ kinds: MeshKinds, _ objective: some UnitObjective, scoredUnits: Int) {
        score = layout.score
        self.scoredUnits = scoredUnits
        units = layout.meshes.map { Unit(node: $0.node, mesh: kinds[$0.kind], models: $0.models) }
            .sorted {
                ($0.node, -$0.mesh.devices, $0.models.first ?? .max) < (
                    $1.node, -$1.mesh.devices, $1.models.first ?? .max
                )
            }
    }
}

/// Why there is no plan.
package enum PlacementError: Error, Hashable, Sendable, CustomStringConvertible {
    case noModels
    case noDevices
    case duplicateModel(String)
    case invalidRate(model: String, rate: Double)
    case invalidLengths(model: String)
    /// No mesh of the cluster holds the model, even alone.
    case fitsNowhere(model: String, largestMesh: Int)
    /// Each model fits alone, but not all of them together.
    case clusterTooSmall(models: Int, devices: Int)
    case tooLargeForExactSearch(models: Int, limit: Int)

    package var description: String {
        switch self {
        case .noModels: "no model to place"
        case .noDevices: "the cluster has no device"
        case .duplicateModel(let name): "model \(name) is given twice"
        case .invalidRate(let model, let rate): "model \(model): rate is \(rate), expected positive requests/s"
        case .invalidLengths(let model): "model \(model): mean prompt and output lengths must be at least 1 token"
        case .fitsNowhere(let model, let largest):
            "model \(model) fits on no mesh of this cluster; the largest has \(largest) devices"
        case .clusterTooSmall(let models, let devices):
            "no division of the \(devices) devices holds all \(models) models"
        case .tooLargeForExactSearch(let models, let limit):
            "exact search takes at most \(limit) models, not \(models)"
        }
    }
}
