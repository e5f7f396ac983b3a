import ConfigurationFiles
package import Logging
package import Placement
import Quantities

/// Measures what is asked of a fleet's models, decides which of them move, and has the moves made.
///
/// ```swift
/// let replacer = Replacer(configuration, costs: table, fleet: fleet, logger: logger) { move, model in … }
/// try await replacer.run()
/// ```
package actor Replacer {
    /// How things stand, for operators.
    package struct Report: Sendable, Codable {
        package struct Unit: Sendable, Codable {
            package var name: String
            package var models: [String]
        }

        package var dryRun: Bool
        package var units: [Unit]
        package var rates: [ReplacementDecision.Rate]
        /// `nil` before the first one.
        package var last: Outcome?
    }

    /// A decision and what came of it.
    package struct Outcome: Sendable, Codable {
        package var decision: ReplacementDecision
        /// Moves that were made.
        package var made: Int
        /// Why the next one was not; `nil` where all were, or none was to be made.
        package var failure: String?
    }

    /// Makes a move, with the model as it is to be served at its new place.
    package typealias Mover = @Sendable (ModelMove, ModelConfiguration) async throws -> Void

    private let configuration: ReplacementConfiguration
    private let costs: CostModel
    private let fleet: Fleet
    private let logger: Logger
    private let move: Mover
    private var lastMoves: Seconds?
    private var last: Outcome?
    private var isMoving = false

    /// - Parameter fleet: Of a configuration that says when models move.
    package init(
        _ configuration: ReplacementConfiguration, costs: CostTable, fleet: Fleet, logger: Logger,
        moving move: @escaping Mover
    ) {
        self.configuration = configuration
        self.costs = CostModel(costs)
        (self.fleet, self.logger, self.move) = (fleet, logger, move)
    }

    /// Decides again and again until the task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: .seconds(configuration.every))) != nil {
            do { try await decide(isDryRun: configuration.isDryRun, isAsked: false) } catch is EngineError {
                // Models are loading, or a unit is set up again: both are told elsewhere.
            } catch {
                logger.warning("models stay where they are", metadata: ["reason": "\(error)"])
            }
        }
    }

    package func report() async throws -> Report {
        let scene = try await scene()
        return Report(
            dryRun: configuration.isDryRun, units: scene.units.map { .init(name: $0.name, models: $0.models) },
            rates: scene.demands.map(ReplacementDecision.Rate.init), last: last)
    }

    /// Decides now, and makes the moves.
    ///
    /// - Parameters:
    ///   - isDryRun: Whether none is made.
    ///   - isAsked: Whether somebody wants it now, however short ago the last moves were.
    /// - Throws: `EngineError.unavailable`, `CostError`.
    @discardableResult
    package func decide(isDryRun: Bool, isAsked: Bool) async throws -> Outcome {
        let scene = try await scene()
        var replacement = Replacement(configuration.settings) { [costs] demands in
            // Weights have memory of their own beside the pool, which `ServedUnit` counts.
            var weightless = demands
            for index in weightless.indices { weightless[index].profile.weightBytes = 0 }
            return try LoadObjective(
                demands: weightless, costs: costs, cluster: scene.cluster, contention: .none, host: .none)
        }
        if let lastMoves { replacement.moved(at: lastMoves) }
        var decision = try replacement.decision(scene.units, scene.demands, at: isAsked ? nil : scene.time)
        if let move = decision.moves.first(where: \.interrupts) {
            decision.moves = []
            decision.reason =
                "no unit has room for \(move.model) before another model goes, whose requests would be refused "
                + "meanwhile"
        }
        for move in decision.moves {
            logger.info("\(isDryRun ? "would " : "")\(move)", metadata: ["gain": "\(decision.reason)"])
        }
        var outcome = Outcome(decision: decision, made: 0)
        if !isDryRun, !decision.moves.isEmpty {
            if isMoving {
                outcome.failure = "other moves are under way"
                return outcome
            }
            isMoving = true
            await make(&outcome, scene)
            isMoving = false
            lastMoves = fleet.now
        }
        last = outcome
        return outcome
    }

    private func make(_ outcome: inout Outcome, _ scene: Scene) async {
        for move in outcome.decision.moves {
            guard var model = scene.models[move.model] else { continue }
            if let rate = outcome.decision.rates.first(where: { $0.model == move.model }) { model.rate = rate.rate }
            do {
                try await self.move(move, model)
                outcome.made += 1
            } catch {
                outcome.failure = "\(error)"
                logger.error("model not moved", metadata: ["model": "\(move.model)", "reason": "\(error)"])
                return
            }
        }
    }

    /// What a decision is made from.
    private struct Scene: Sendable {
        var time: Seconds
        var cluster: Cluster
        var units: [ServedUnit] = []
        var demands: [ModelDemand] = []
        var models: [String: ModelConfiguration] = [:]
    }

    /// Pinned models, and those that read texts, stay where they are: their weights are no room for others.
    private func scene() async throws(EngineError) -> Scene {
        var scene = Scene(time: fleet.now, cluster: Cluster(nodes: []))
        let placements = try await fleet.placements()
        let meter = fleet.rates
        let staying = Set(placements.flatMap(\.models).filter { $0.isFixed }.map(\.configuration.name))
        let scratch = placements.flatMap(\.models).reduce(0) { $0 + $1.profile.scratchBytes }
        for unit in placements {
            let moving = unit.models.filter { !staying.contains($0.configuration.name) }
            let fixed = unit.models.filter { staying.contains($0.configuration.name) }
            let weights = fixed.reduce(Double(unit.weightLimit)) { $0 - $1.profile.weightBytes }
            // The pool is there whatever is loaded; scratch memory is not taken from it.
            let memory = (Double(unit.poolBytes) + scratch) / UnitMemory.usable
            let mesh = MeshKind(devices: 1, memoryBytes: memory)
            scene.cluster.nodes.append(Cluster.Node(devices: 1, memoryBytes: mesh.memoryBytes))
            scene.units.append(
                ServedUnit(
                    name: unit.name, mesh: mesh, weightBytes: weights, models: moving.map(\.configuration.name)))
            for model in moving where scene.models[model.configuration.name] == nil {
                scene.models[model.configuration.name] = model.configuration
                let demand = ModelDemand(
                    name: model.configuration.name, profile: model.profile, rate: model.configuration.rate)
                scene.demands.append(meter?.measured(demand, at: scene.time) ?? demand)
            }
        }
        return scene
    }
}
