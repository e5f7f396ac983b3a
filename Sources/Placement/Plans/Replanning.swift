/// Changes a running plan for changed rates, with the moves that gain most for the bytes they load.
///
/// Meshes stay as they are unless recuts are allowed: cutting a mesh anew restarts all models on it.
package struct Replanning<Objective: UnitObjective>: Sendable {
    let objective: Objective
    let kinds: MeshKinds
    var names: [String]
    var devices: [[Int]]
    var layout: Layout
    var book: ScoreBook<Objective>
    /// Models that found no room, where `run` may leave some out.
    package private(set) var missing: [String] = []

    /// - Parameters:
    ///   - plan: What runs now. Its models that the objective does not know are dropped.
    ///   - cluster: Where it runs; devices that the plan leaves idle count as single meshes.
    ///   - lost: Nodes that are there no more: what was on them is placed on the others.
    /// - Throws: `ReplanningError` where the plan does not belong to the cluster.
    package init(
        _ plan: Plan, for objective: Objective, on cluster: Cluster, without lost: Set<Int> = []
    ) throws(ReplanningError) {
        var plan = plan
        plan.units.removeAll { lost.contains($0.node) }
        self.objective = objective
        kinds = MeshKinds(cluster)
        book = ScoreBook(objective, kinds)
        var meshes: [Layout.Mesh] = []
        var names: [String] = []
        var devices: [[Int]] = []
        var used: Set<[Int]> = []
        for unit in plan.units {
            guard cluster.nodes.indices.contains(unit.node) else {
                throw .unknownNode(unit: unit.name, node: unit.node)
            }
            for device in unit.devices {
                guard device >= 0, device < cluster.nodes[unit.node].devices else {
                    throw .unknownDevice(unit: unit.name, device: device)
                }
                guard used.insert([unit.node, device]).inserted else {
                    throw .sharedDevice(unit: unit.name, device: device)
                }
            }
            guard let kind = Self.kind(unit.devices.count, cluster.nodes[unit.node], kinds) else {
                throw .unknownMesh(unit: unit.name, devices: unit.devices.count)
            }
            meshes.append(Layout.Mesh(node: unit.node, kind: kind))
            names.append(unit.name)
            devices.append(unit.devices)
        }
        for (index, node) in cluster.nodes.enumerated() where !lost.contains(index) {
            for device in 0..<node.devices where !used.contains([index, device]) {
                guard let kind = Self.kind(1, node, kinds) else { continue }
                meshes.append(Layout.Mesh(node: index, kind: kind))
                names.append("node-\(index)-device-\(device)")
                devices.append([device])
            }
        }
        layout = Layout(meshes: meshes)
        self.names = names
        self.devices = devices
        for (index, unit) in plan.units.enumerated() {
            for model in unit.models {
                guard let position = objective.demands.firstIndex(where: { $0.name == model.name }) else { continue }
                book.change(&layout.meshes[index], with: position, score: 0)
            }
        }
        for index in layout.meshes.indices { layout.meshes[index].score = book.score(layout.meshes[index]) ?? 0 }
    }

    /// The new plan and the moves to it. Units keep their names and devices unless recut; a model moves once at most.
    ///
    /// - Parameters:
    ///   - minimalGain: Each model moved or loaded anew must raise the objective by this part of it. Chosen: costs
    ///     are not known better, and weights are loaded for it.
    ///   - mayRecut: Whether two equal meshes of a node may become one, or one two, with all their models loaded anew.
    ///   - mayLeaveOut: Whether a new model without room is left out and goes to `missing`: the most demanding models
    ///     are placed first.
    /// - Throws: `PlacementError.fitsNowhere` for a new model without room, unless it may be left out.
    package mutating func run(
        minimalGain: Double = 0.005, mayRecut: Bool = false, mayLeaveOut: Bool = false
    ) throws(PlacementError) -> (plan: Plan, moves: [PlanMove]) {
        var moves: [PlanMove] = []
        let placed = Set(layout.meshes.flatMap(\.models))
        for model in GreedyPlacement(objective.demands).order where !placed.contains(model) {
            guard let move = bestMove(of: model, from: nil) else {
                if mayLeaveOut {
                    missing.append(objective.demands[model].name)
                    continue
                }
                let largest = layout.meshes.map { kinds[$0.kind].devices }.max() ?? 0
                throw .fitsNowhere(model: objective.demands[model].name, largestMesh: largest)
            }
            moves.append(carryOut(move))
        }
        while true {
            let floor = minimalGain * abs(layout.score)
            let move = bestMove(minimalGain: floor)
            let recut = mayRecut ? bestRecut(minimalGain: floor) : nil
            if let recut, recut.gain / recut.bytes > move.map(worth(of:)) ?? 0 {
                moves += carryOut(recut)
            } else if let move {
                moves.append(carryOut(move))
            } else {
                return (plan, Self.joined(moves))
            }
        }
    }

    /// The sum of the units' scores as they are now.
    package var score: Double { layout.score }

    private var plan: Plan {
        Plan(
            units: layout.meshes.indices.compactMap { index in
                let mesh = layout.meshes[index]
                guard !mesh.models.isEmpty, let estimate = objective.estimate(mesh.models, on: kinds[mesh.kind]) else {
                    return nil
                }
                return PlannedUnit(
                    name: names[index], node: mesh.node, devices: devices[index],
                    models: zip(mesh.models, estimate.models).map { PlannedModel(objective.demands[$0], $1) })
            })
    }

    /// Several moves of a model are one.
    private static func joined(_ moves: [PlanMove]) -> [PlanMove] {
        var result: [PlanMove] = []
        for move in moves {
            if let known = result.firstIndex(where: { $0.model == move.model }) {
                result[known].destination = move.destination
                result[known].gain += move.gain
            } else {
                result.append(move)
            }
        }
        return result.filter { $0.source != $0.destination }
    }

    private struct Move {
        var model: Int
        var source: Int?
        var destination: Int
        var gain: Double
    }

    private mutating func bestMove(minimalGain: Double) -> Move? {
        var best: (move: Move, worth: Double)?
        for (source, mesh) in layout.meshes.enumerated() {
            for model in mesh.models {
                guard let move = bestMove(of: model, from: source), move.gain > minimalGain else { continue }
                let worth = worth(of: move)
                if worth > best?.worth ?? 0 { best = (move, worth) }
            }
        }
        return best?.move
    }

    /// Gain for each byte to load.
    private func worth(of move: Move) -> Double { move.gain / objective.demands[move.model].profile.weightBytes }

    private mutating func bestMove(of model: Int, from source: Int?) -> Move? {
        var loss = 0.0
        if let source {
            guard let rest = book.score(layout.meshes[source], without: model) else { return nil }
            loss = layout.meshes[source].score - rest
        }
        var best: Move?
        for (index, mesh) in layout.meshes.enumerated() where index != source && !mesh.models.contains(model) {
            guard let score = book.score(mesh, with: model) else { continue }
            let gain = score - mesh.score - loss
            if gain > best?.gain ?? -.infinity {
                best = Move(model: model, source: source, destination: index, gain: gain)
            }
        }
        return best
    }

    private mutating func carryOut(_ move: Move) -> PlanMove {
        if let source = move.source {
            let rest = book.score(layout.meshes[source], without: move.model) ?? 0
            book.change(&layout.meshes[source], without: move.model, score: rest)
        }
        let score = book.score(layout.meshes[move.destination], with: move.model) ?? 0
        book.change(&layout.meshes[move.destination], with: move.model, score: score)
        let demand = objective.demands[move.model]
        return PlanMove(
            model: demand.name, source: move.source.map { names[$0] }, destination: names[move.destination],
            bytes: demand.profile.weightBytes, gain: move.gain)
    }

    private static func kind(_ devices: Int, _ node: Cluster.Node, _ kinds: MeshKinds) -> Int? {
        kinds.kinds.firstIndex(of: MeshKind(devices: devices, memoryBytes: node.memoryBytes, speed: node.speed))
    }
}

/// One step from a running plan to the next; what it costs are the weights that must be loaded.
package struct PlanMove: Hashable, Sendable, Codable, CustomStringConvertible {
    package var model: String
    /// The unit that serves the model until then; absent for a new model.
    package var source: String?
    package var destination: String
    package var bytes: Double
    /// What the objective gains with this and the moves before it.
    package var gain: Double

    package var description: String {
        let gigabytes = (bytes / 1e8).rounded() / 10
        let way = source.map { "from \($0) to \(destination)" } ?? "to \(destination)"
        return "move \(model) \(way): \(gigabytes) GB to load, gains \((gain * 1000).rounded() / 1000)"
    }
}

/// Why a running plan cannot be changed: it does not belong to the cluster.
package enum ReplanningError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownNode(unit: String, node: Int)
    case unknownDevice(unit: String, device: Int)
    case sharedDevice(unit: String, device: Int)
    case unknownMesh(unit: String, devices: Int)

    package var description: String {
        switch self {
        case .unknownNode(let unit, let node): "unit \(unit): the cluster has no node \(node)"
        case .unknownDevice(let unit, let device): "unit \(unit): its node has no device \(device)"
        case .sharedDevice(let unit, let device): "unit \(unit): device \(device) belongs to another unit as well"
        case .unknownMesh(let unit, let devices): "unit \(unit): a mesh of \(devices) devices is not a power of two"
        }
    }

    /// The unit at fault.
    package var unit: String {
        switch self {
        case .unknownNode(let unit, _), .unknownDevice(let unit, _), .sharedDevice(let unit, _),
            .unknownMesh(let unit, _):
            unit
        }
    }
}
