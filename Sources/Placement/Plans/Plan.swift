/// All units of a cluster: the output of placement, the input of serving.
package struct Plan: Hashable, Sendable, Codable {
    package static let currentVersion = 1

    package var version: Int
    package var units: [PlannedUnit]

    package init(version: Int = currentVersion, units: [PlannedUnit]) {
        self.version = version
        self.units = units
    }

    /// The plan of an assignment; idle meshes are left out.
    package init(_ assignment: Assignment, of objective: some UnitObjective) {
        var nextDevice: [Int: Int] = [:]
        var units: [PlannedUnit] = []
        for unit in assignment.units {
            let first = nextDevice[unit.node, default: 0]
            nextDevice[unit.node] = first + unit.mesh.devices
            guard !unit.models.isEmpty, let estimate = objective.estimate(unit.models, on: unit.mesh) else { continue }
            let models = zip(unit.models, estimate.models).map { PlannedModel(objective.demands[$0], $1) }
            units.append(
                PlannedUnit(
                    name: "unit-\(units.count)", node: unit.node,
                    devices: Array(first..<first + unit.mesh.devices), models: models))
        }
        self.init(units: units)
    }

    /// Requests per second over all units.
    package var estimatedThroughput: Double {
        units.reduce(0) { $0 + $1.models.reduce(0) { $0 + $1.estimatedThroughput } }
    }
}
