import Quantities

/// Unit scores, each computed once.
///
/// Units are looked up by a 64-bit hash that changes with each model added or taken out (Zobrist, 1970): the search
/// asks a hundred times as often as it finds a new unit. Two of a million units share a hash with probability 3e-8.
struct ScoreBook<Objective: UnitObjective>: Sendable {
    let objective: Objective
    let kinds: MeshKinds
    private let modelCodes: [UInt64]
    private let kindCodes: [UInt64]
    private var scores: [UInt64: Double] = [:]

    init(_ objective: Objective, _ kinds: MeshKinds) {
        self.objective = objective
        self.kinds = kinds
        var random = SplitMix64(seed: 1970)
        modelCodes = objective.demands.map { _ in random.next() }
        kindCodes = kinds.kinds.map { _ in random.next() }
    }

    /// How many different units were scored.
    var scoredUnits: Int { scores.count }

    /// The score of a mesh's unit after `out` left and `new` came; `nil` where the models do not fit. No models score
    /// 0.
    mutating func score(_ mesh: Layout.Mesh, without out: Int? = nil, with new: Int? = nil) -> Double? {
        let change = (out.map { modelCodes[$0] } ?? 0) ^ (new.map { modelCodes[$0] } ?? 0)
        let unit = mesh.code ^ change ^ kindCodes[mesh.kind]
        if let score = scores[unit] { return score == -.infinity ? nil : score }
        let models = Self.changed(mesh.models, without: out, with: new)
        if models.isEmpty { return 0 }
        let score = objective.estimate(models, on: kinds[mesh.kind])?.score
        scores[unit] = score ?? -.infinity
        return score
    }

    /// Carries such a change out.
    func change(_ mesh: inout Layout.Mesh, without out: Int? = nil, with new: Int? = nil, score: Double) {
        mesh.models = Self.changed(mesh.models, without: out, with: new)
        mesh.code ^= (out.map { modelCodes[$0] } ?? 0) ^ (new.map { modelCodes[$0] } ?? 0)
        mesh.score = score
    }

    private static func changed(_ models: [Int], without out: Int?, with new: Int?) -> [Int] {
        var result = out.map { out in models.filter { $0 != out } } ?? models
        if let new { result.insert(new, at: result.firstIndex { $0 > new } ?? result.count) }
        return result
    }
}
