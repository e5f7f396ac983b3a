import KVCache
package import Placement
import Quantities
package import Scheduling
package import Workloads

/// A plan at work on modelled devices; replicas get requests in turn, by their rates.
package struct ClusterSimulation: Sendable {
    private let units: [(name: String, unit: SimulatedUnit)]
    /// For each model the units that serve it, and the part of its requests that each gets.
    private let routes: [String: [(unit: Int, rate: Double)]]
    private let policy: PolicyName

    /// - Parameters:
    ///   - demands: The models of the plan; others are ignored.
    ///   - device: What is known of the devices of a mesh.
    ///   - chunksPrompts: Whether prompts may be split over several prefill jobs.
    /// - Throws: `SimulationError`, `CostError`, `KVError`.
    package init(
        _ plan: Plan, demands: [ModelDemand], cluster: Cluster, costs: CostModel, policy: PolicyName,
        device: (MeshKind) -> any DeviceModel = FittedMesh.measured, chunksPrompts: Bool = true
    ) throws {
        self.policy = policy
        var units: [(String, SimulatedUnit)] = []
        var routes: [String: [(unit: Int, rate: Double)]] = [:]
        for planned in plan.units {
            guard cluster.nodes.indices.contains(planned.node) else {
                throw SimulationError.unknownNode(unit: planned.name, node: planned.node)
            }
            let node = cluster.nodes[planned.node]
            let mesh = MeshKind(
                devices: planned.devices.count, memoryBytes: node.memoryBytes, speed: node.speed)
            var models: [SimulatedModel] = []
            for model in planned.models {
                guard let demand = demands.first(where: { $0.name == model.name }) else {
                    throw SimulationError.unknownModel(model.name)
                }
                guard let cost = try costs.costs(of: demand.profile.costName, devices: mesh.devices) else {
                    throw SimulationError.doesNotFit(model: model.name, unit: planned.name)
                }
                models.append(try SimulatedModel(model, demand, cost, chunksPrompts: chunksPrompts))
                routes[model.name, default: []].append((units.count, model.rate))
            }
            let bytes = UnitMemory.cacheBytes(for: models.map(\.profile), on: mesh)
            guard bytes > 0 else {
                throw SimulationError.doesNotFit(model: planned.models[0].name, unit: planned.name)
            }
            let pages = Int(bytes) / PageLayout.defaultPageBytes
            units.append((planned.name, SimulatedUnit(device: device(mesh), pages: pages, models: models)))
        }
        self.units = units
        self.routes = routes
    }

    /// Serves requests to the end; replicas get their parts in turn.
    ///
    /// - Parameter requests: By arrival.
    /// - Returns: A record of each request, with its unloaded latency, by unit and arrival.
    /// - Throws: `SimulationError.unknownModel`, `KVError`.
    package func run(_ requests: [Request]) throws -> [RequestRecord] {
        var shares = Array(repeating: [Request](), count: units.count)
        var credits = routes.mapValues { $0.map { _ in 0.0 } }
        for request in requests {
            guard let routes = routes[request.model] else { throw SimulationError.unknownModel(request.model) }
            var best = 0
            for (index, route) in routes.enumerated() {
                credits[request.model]?[index] += route.rate
                let credit = credits[request.model] ?? []
                if credit[index] > credit[best] { best = index }
            }
            credits[request.model]?[best] -= routes.reduce(0) { $0 + $1.rate }
            shares[routes[best].unit].append(request)
        }
        var records: [RequestRecord] = []
        for (index, unit) in units.enumerated() {
            var simulator = try UnitSimulator(unit.unit, policy: policy.policy)
            records += simulator.run(shares[index])
        }
        return records
    }
}

extension SimulatedModel {
    init(_ planned: PlannedModel, _ demand: ModelDemand, _ cost: ModelCost, chunksPrompts: Bool) throws(KVError) {
        let profile = demand.profile
        let shape = try KVShape(
            layers: profile.layers, kvHeads: profile.kvHeads, headSize: profile.headSize,
            type: profile.kvElementBytes >= 4 ? .f32 : profile.kvElementBytes >= 2 ? .f16 : .q8_0)
        self.init(
            name: planned.name, profile: profile,
            settings: ModelSettings(
                shape: shape, weight: planned.rate,
                shares: planned.shares, maxSequences: planned.maxSequences, chunksPrompts: chunksPrompts),
            cost: cost)
    }
}

/// Why a plan cannot be simulated.
package enum SimulationError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownNode(unit: String, node: Int)
    /// A model of the plan that the workload does not have, or the other way round.
    case unknownModel(String)
    case doesNotFit(model: String, unit: String)

    package var description: String {
        switch self {
        case .unknownNode(let unit, let node): "unit \(unit): the cluster has no node \(node)"
        case .unknownModel(let model): "model \(model) is not both in the plan and in the workload"
        case .doesNotFit(let model, let unit): "unit \(unit): its devices do not hold model \(model)"
        }
    }

    /// The unit at fault; `nil` where all are.
    package var unit: String? {
        switch self {
        case .unknownNode(let unit, _), .doesNotFit(_, let unit): unit
        case .unknownModel: nil
        }
    }
}
