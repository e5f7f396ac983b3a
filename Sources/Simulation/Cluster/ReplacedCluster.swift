package import Placement
package import Quantities
package import Scheduling
package import Workloads

/// A plan at work on modelled devices whose models move as `Replacement` decides from the rates that it measures.
///
/// Moves are made one after the other. A model is loaded while its requests still go to its old place, then they go to
/// the new one, and the old one ends what it has. Where memory is too small for both at once, requests wait until the
/// model is loaded again.
package struct ReplacedCluster<Objective: UnitObjective> {
    private let demands: [ModelDemand]
    private let settings: ReplacementSettings
    private let fixed: [ServedUnit]
    private let makeObjective: @Sendable ([ModelDemand]) throws -> Objective
    private var replacement: Replacement<Objective>
    private var simulators: [UnitSimulator]
    private var meter: RateMeter
    /// Of each model the units that take its requests.
    private var routes: [String: [Int]]
    private var dispatch: ReplicaDispatch
    /// Requests of models that no unit has at the moment.
    private var waiting: [String: [Request]] = [:]
    /// Moves that are to be made, the first of them under way until `ready`.
    private var moves: [ModelMove] = []
    private var ready: Seconds = 0
    package private(set) var decisions: [TimedDecision] = []

    /// - Parameters:
    ///   - demands: The models of the plan, at the rates that the plan was made for.
    ///   - device: What is known of the devices of a mesh.
    ///   - makeObjective: As for `Replacement`.
    /// - Throws: `SimulationError`, `CostError`, `KVError`, and what `makeObjective` throws.
    package init(
        _ plan: Plan, demands: [ModelDemand], cluster: Cluster, costs: CostModel, policy: PolicyName,
        settings: ReplacementSettings, device: (MeshKind) -> any DeviceModel = FittedMesh.measured,
        makeObjective: @escaping @Sendable ([ModelDemand]) throws -> Objective
    ) throws {
        (self.demands, self.settings, self.makeObjective) = (demands, settings, makeObjective)
        replacement = Replacement(settings, makeObjective: makeObjective)
        meter = RateMeter(halfLife: settings.halfLife)
        var fixed: [ServedUnit] = []
        var simulators: [UnitSimulator] = []
        var routes: [String: [Int]] = [:]
        for planned in plan.units {
            guard cluster.nodes.indices.contains(planned.node) else {
                throw SimulationError.unknownNode(unit: planned.name, node: planned.node)
            }
            let node = cluster.nodes[planned.node]
            let mesh = MeshKind(devices: planned.devices.count, memoryBytes: node.memoryBytes, speed: node.speed)
            let names = planned.models.map(\.name)
            let unit = try ReplacedUnit(planned, demands, on: mesh, costs: costs, makeObjective)
            guard unit.pages > 0 else { throw SimulationError.doesNotFit(model: names[0], unit: planned.name) }
            for name in names {
                guard unit.models.contains(where: { $0.name == name }) else {
                    throw SimulationError.unknownModel(name)
                }
                routes[name, default: []].append(fixed.count)
            }
            fixed.append(
                ServedUnit(name: planned.name, mesh: mesh, weightBytes: unit.weightBytes, models: names))
            simulators.append(
                try UnitSimulator(
                    SimulatedUnit(device: device(mesh), pages: unit.pages, models: unit.models), loaded: Set(names),
                    policy: policy.policy))
        }
        (self.fixed, self.simulators, self.routes) = (fixed, simulators, routes)
        dispatch = ReplicaDispatch(fixed.map(\.name))
    }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival.
    /// - Returns: A record of each request, by unit and arrival.
    /// - Throws: `SimulationError.unknownModel`, and what `makeObjective` throws.
    package mutating func run(_ requests: [Request]) throws -> [RequestRecord] {
        var tick = settings.every
        for request in requests {
            while min(tick, moves.isEmpty ? .infinity : ready) <= request.arrival {
                if !moves.isEmpty, ready <= tick {
                    try finishMove()
                } else {
                    try decide(at: tick)
                    tick += settings.every
                }
            }
            advance(to: request.arrival)
            meter.arrived(request.model, promptTokens: request.promptTokens, at: request.arrival)
            try send(request)
        }
        while !moves.isEmpty { try finishMove() }
        for index in simulators.indices { simulators[index].run(until: .infinity) }
        return simulators.flatMap(\.records)
    }

    private mutating func send(_ request: Request) throws {
        guard let replicas = routes[request.model] else { throw SimulationError.unknownModel(request.model) }
        guard let unit = dispatch.unit(for: request, among: replicas) else {
            return waiting[request.model, default: []].append(request)
        }
        simulators[unit].receive(request)
    }

    private mutating func decide(at now: Seconds) throws {
        advance(to: now)
        guard moves.isEmpty else { return }
        let units = fixed.indices.map { index in
            var unit = fixed[index]
            unit.models = demands.map(\.name).filter { routes[$0]?.contains(index) ?? false }
            return unit
        }
        let decision = try replacement.decision(units, demands.map { meter.measured($0, at: now) }, at: now)
        decisions.append(TimedDecision(time: now, decision: decision))
        guard let first = decision.moves.first else { return }
        for (model, routes) in routes {
            for unit in routes { try adjust(model, on: unit, at: now) }
        }
        (moves, ready) = (decision.moves, now + first.loadTime)
    }

    /// The first move's model is loaded: its requests go to the new place from now on.
    private mutating func finishMove() throws {
        let (move, now) = (moves.removeFirst(), ready)
        advance(to: now)
        if let unit = unit(move.destination) {
            try simulators[unit].load(move.model)
            routes[move.model]?.append(unit)
            try adjust(move.model, on: unit, at: now)
        }
        if let unit = unit(move.source) {
            routes[move.model]?.removeAll { $0 == unit }
            simulators[unit].drain(move.model)
        }
        if routes[move.model]?.isEmpty == false {
            for request in waiting.removeValue(forKey: move.model) ?? [] { try send(request) }
        }
        if let next = moves.first { ready = now + next.loadTime } else { replacement.moved(at: now) }
    }

    /// Gives a model the share and the part of the pool that suit what is asked of it now.
    private mutating func adjust(_ model: String, on unit: Int, at now: Seconds) throws {
        guard var demand = demands.first(where: { $0.name == model }) else { return }
        demand = meter.measured(demand, at: now)
        demand.rate /= Double(max(1, routes[model]?.count ?? 1))
        guard let estimate = try makeObjective([demand]).estimate([0], on: fixed[unit].mesh)?.models.first else {
            return
        }
        simulators[unit].adjust(PlannedModel(demand, estimate))
    }

    private func unit(_ name: String?) -> Int? { fixed.firstIndex { $0.name == name } }

    private mutating func advance(to now: Seconds) {
        for index in simulators.indices {
            simulators[index].run(until: now)
            for place in dispatch.takeEnds(of: simulators[index], index) {
                let record = simulators[index].records[place]
                meter.ended(record.model, outputTokens: record.outputTokens, at: record.finish ?? now)
            }
        }
    }
}

/// What was decided, and when.
package struct TimedDecision: Sendable, Codable {
    package var time: Seconds
    package var decision: ReplacementDecision
}

/// What a unit may come to serve, and how its memory is divided.
private struct ReplacedUnit {
    /// All that fit on the mesh.
    var models: [SimulatedModel] = []
    /// What weights may take: those that are there and the largest of the others beside them.
    let weightBytes: Double
    let pages: Int

    init<Objective: UnitObjective>(
        _ unit: PlannedUnit, _ demands: [ModelDemand], on mesh: MeshKind, costs: CostModel,
        _ makeObjective: ([ModelDemand]) throws -> Objective
    ) throws {
        for demand in demands {
            guard let cost = try costs.costs(of: demand.profile.costName, devices: mesh.devices),
                let estimate = try makeObjective([demand]).estimate([0], on: mesh)?.models.first
            else { continue }
            let planned = unit.models.first { $0.name == demand.name } ?? PlannedModel(demand, estimate)
            models.append(try SimulatedModel(planned, demand, cost, chunksPrompts: true))
        }
        let names = unit.models.map(\.name)
        let own = models.filter { names.contains($0.name) }.map(\.profile)
        let others = models.filter { !names.contains($0.name) }.map(\.profile)
        let largest = others.max { $0.weightBytes < $1.weightBytes }
        let kept = own + (largest.map { [$0] } ?? [])
        weightBytes = kept.reduce(0) { $0 + $1.weightBytes }
        pages = Int(max(0, UnitMemory.cacheBytes(for: kept, on: mesh))) / PageLayout.defaultPageBytes
    }
}
