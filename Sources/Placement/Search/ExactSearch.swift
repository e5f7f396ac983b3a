/// The best plan of a small cluster, by looking at all of them: what the other searches are measured against.
package struct ExactSearch<Objective: UnitObjective>: Sendable {
    /// Time grows threefold with each model.
    package static var modelLimit: Int { 10 }

    private let objective: Objective
    private let cluster: Cluster

    package init(_ objective: Objective, on cluster: Cluster) {
        self.objective = objective
        self.cluster = cluster
    }

    /// - Throws: `PlacementError`.
    /// - Complexity: O(divisions x meshes x 3^models).
    package func run() throws(PlacementError) -> Assignment {
        let count = objective.demands.count
        if count > Self.modelLimit { throw .tooLargeForExactSearch(models: count, limit: Self.modelLimit) }
        let kinds = MeshKinds(cluster)
        try PlacementSearch(objective, on: cluster).check(kinds)
        let scores = kinds.kinds.map { kind in
            (0..<(1 << count)).map { subset -> Double in
                let models = Self.members(of: subset)
                return models.isEmpty ? 0 : objective.estimate(models, on: kind)?.score ?? -.infinity
            }
        }
        var best: Layout?
        let divisions = MeshGroups(kinds).divisions(largestNeeded: 1, most: .max, limit: .max)
        for layout in divisions {
            let found = Self.bestAssignment(layout, scores)
            if found.score > best?.score ?? -.infinity { best = found }
        }
        guard let best else { throw .clusterTooSmall(models: count, devices: cluster.deviceCount) }
        return Assignment(best, kinds, objective, scoredUnits: scores.count << count)
    }

    /// Distributes all models over the meshes, by dynamic programming over the subsets that the first meshes hold.
    private static func bestAssignment(_ layout: Layout, _ scores: [[Double]]) -> Layout {
        let subsets = scores[0].count
        var best = Array(repeating: -Double.infinity, count: subsets)
        best[0] = 0
        var choices: [[Int]] = []
        for mesh in layout.meshes {
            var next = best
            var choice = Array(repeating: 0, count: subsets)
            for all in 1..<subsets {
                var part = all
                while part > 0 {
                    let score = best[all ^ part] + scores[mesh.kind][part]
                    if score > next[all] { (next[all], choice[all]) = (score, part) }
                    part = (part - 1) & all
                }
            }
            best = next
            choices.append(choice)
        }
        var result = layout
        var left = best[subsets - 1] == -.infinity ? 0 : subsets - 1
        for index in layout.meshes.indices.reversed() {
            let part = choices[index][left]
            result.meshes[index].models = members(of: part)
            result.meshes[index].score = scores[layout.meshes[index].kind][part]
            left ^= part
        }
        if best[subsets - 1] == -.infinity { result.meshes[0].score = -.infinity }
        return result
    }

    private static func members(of subset: Int) -> [Int] {
        (0..<Int.bitWidth).filter { subset >> $0 & 1 == 1 }
    }
}
