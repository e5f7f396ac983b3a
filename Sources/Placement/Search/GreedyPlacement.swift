/// Places models one by one, the most demanding first, each where it adds most.
///
/// Source: MuxServe, Algorithm 1.
struct GreedyPlacement: Sendable {
    /// Positions of the demands, the most demanding first.
    let order: [Int]

    init(_ demands: [ModelDemand]) {
        order = demands.indices.sorted { a, b in
            let (first, second) = (demands[a], demands[b])
            if first.load != second.load { return first.load > second.load }
            let (size, otherSize) = (first.profile.parameters, second.profile.parameters)
            return size != otherSize ? size > otherSize : a < b
        }
    }

    /// Places `models` on the meshes beside what is there.
    ///
    /// - Parameter models: In the order of placement.
    /// - Returns: Whether every model found room.
    /// - Complexity: O(models x different meshes) unit scores.
    func place<Objective>(_ models: [Int], on layout: inout Layout, _ book: inout ScoreBook<Objective>) -> Bool {
        for model in models {
            guard let best = bestMesh(for: model, in: layout, &book) else { return false }
            book.change(&layout.meshes[best.mesh], with: model, score: best.score)
        }
        return true
    }

    /// The mesh where a model adds most; of equals the smallest mesh, so that large ones stay free.
    private func bestMesh<Objective>(
        for model: Int, in layout: Layout, _ book: inout ScoreBook<Objective>
    ) -> (mesh: Int, score: Double)? {
        var best: (mesh: Int, score: Double, gain: Double)?
        var emptyKinds: Set<Int> = []
        for (index, mesh) in layout.meshes.enumerated() {
            if mesh.models.isEmpty, !emptyKinds.insert(mesh.kind).inserted { continue }
            guard let score = book.score(mesh, with: model) else { continue }
            let gain = score - mesh.score
            let isSmaller = best.map {
                book.kinds[mesh.kind].devices < book.kinds[layout.meshes[$0.mesh].kind].devices
            }
            if gain > best?.gain ?? -.infinity || (gain == best?.gain && isSmaller == true) {
                best = (index, score, gain)
            }
        }
        return best.map { ($0.mesh, $0.score) }
    }
}
