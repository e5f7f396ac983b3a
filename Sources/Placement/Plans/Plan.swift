package import Quantities

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

/// A mesh and the models that it serves.
package struct PlannedUnit: Hashable, Sendable, Codable {
    package var name: String
    package var node: Int
    /// The devices of the mesh, as the node numbers them.
    package var devices: [Int]
    package var models: [PlannedModel]

    package init(name: String, node: Int, devices: [Int], models: [PlannedModel]) {
        self.name = name
        self.node = node
        self.devices = devices
        self.models = models
    }
}

/// A model of a unit, as it is to be served.
package struct PlannedModel: Hashable, Sendable, Codable {
    package var name: String
    /// Where its weights are.
    package var model: String
    /// Requests per second that this unit is meant to get; of a replica its part of the model's rate.
    package var rate: Double
    /// What a prefill and a decode step may use of the unit's compute.
    package var shares: PhaseShares
    /// The most sequences at work.
    package var maxSequences: Int
    /// Requests per second that the unit is expected to serve.
    package var estimatedThroughput: Double

    /// MuxServe's `max_num_seqs`, alike in all of its configurations.
    package static let standardSequences = 256

    package init(
        name: String, model: String, rate: Double, shares: PhaseShares, maxSequences: Int = standardSequences,
        estimatedThroughput: Double
    ) {
        self.name = name
        self.model = model
        self.rate = rate
        self.shares = shares
        self.maxSequences = maxSequences
        self.estimatedThroughput = estimatedThroughput
    }

    /// A placed model; it may always have the standard number of sequences at work, and more where its batch is
    /// expected to be half of that.
    package init(_ demand: ModelDemand, _ estimate: ModelEstimate) {
        self.init(
            name: demand.name, model: demand.path, rate: demand.rate,
            shares: PhaseShares(
                prefill: max(estimate.shares.prefill, estimate.shares.decode),
                decode: min(estimate.shares.prefill, estimate.shares.decode)),
            maxSequences: max(Self.standardSequences, 2 * estimate.batch), estimatedThroughput: estimate.throughput)
    }

    enum CodingKeys: String, CodingKey {
        case name
        case model
        case rate
        case prefillShare = "prefill_share"
        case decodeShare = "decode_share"
        case maxSequences = "max_sequences"
        case estimatedThroughput = "estimated_throughput"
    }

    package init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try keys.decode(String.self, forKey: .name), model: try keys.decode(String.self, forKey: .model),
            rate: try keys.decode(Double.self, forKey: .rate),
            shares: PhaseShares(
                prefill: Share(percent: try keys.decode(Int.self, forKey: .prefillShare)),
                decode: Share(percent: try keys.decode(Int.self, forKey: .decodeShare))),
            maxSequences: try keys.decode(Int.self, forKey: .maxSequences),
            estimatedThroughput: try keys.decode(Double.self, forKey: .estimatedThroughput))
    }

    package func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(name, forKey: .name)
        try keys.encode(model, forKey: .model)
        try keys.encode(rate, forKey: .rate)
        try keys.encode(shares.prefill.percent, forKey: .prefillShare)
        try keys.encode(shares.decode.percent, forKey: .decodeShare)
        try keys.encode(maxSequences, forKey: .maxSequences)
        try keys.encode(estimatedThroughput, forKey: .estimatedThroughput)
    }
}
