import Quantities

/// Improves a layout: moves and swaps of models while they gain, then splits, merges and recuts of nodes.
struct LocalSearch<Objective: UnitObjective>: Sendable {
    private let greedy: GreedyPlacement
    private let rank: [Int]
    private let kinds: MeshKinds
    private var random: SplitMix64

    init(_ greedy: GreedyPlacement, _ kinds: MeshKinds, seed: UInt64) {
        self.greedy = greedy
        self.kinds = kinds
        var rank = Array(repeating: 0, count: greedy.order.count)
        for (position, model) in greedy.order.enumerated() { rank[model] = position }
        self.rank = rank
        random = SplitMix64(seed: seed)
    }

    /// Searches from `layout` for `rounds` rounds or until told to stop.
    ///
    /// - Returns: The best layout seen.
    mutating func improve(
        _ layout: Layout, rounds: Int, _ book: inout ScoreBook<Objective>, until isOver: () -> Bool
    ) -> Layout {
        var best = layout
        descend(&best, Array(best.meshes.indices), &book, until: isOver)
        var current = best
        for round in 0..<rounds where !isOver() {
            var next = current
            let touched = shake(&next, &book)
            guard let touched else { continue }
            descend(&next, touched, &book, until: isOver)
            // A small loss is accepted early and never late. Chosen: at most a hundredth of the score.
            let patience = 0.01 * abs(best.score) * (1 - Double(round) / Double(rounds))
            if next.score > current.score - patience * random.unit() { current = next }
            if next.score > best.score + 1e-12 { best = next }
        }
        return best
    }

    /// Moves and swaps between `active` meshes and all others until none gains.
    private func descend(
        _ layout: inout Layout, _ active: [Int], _ book: inout ScoreBook<Objective>, until isOver: () -> Bool
    ) {
        var queue = active
        var isQueued = Array(repeating: false, count: layout.meshes.count)
        for mesh in queue { isQueued[mesh] = true }
        while let mesh = queue.popLast(), !isOver() {
            isQueued[mesh] = false
            for other in layout.meshes.indices where other != mesh {
                var hasGained = false
                while exchange(mesh, other, &layout, &book) { hasGained = true }
                guard hasGained else { continue }
                for changed in [mesh, other] where !isQueued[changed] {
                    queue.append(changed)
                    isQueued[changed] = true
                }
            }
        }
    }

    /// The first move or swap between two meshes that gains.
    private func exchange(_ a: Int, _ b: Int, _ layout: inout Layout, _ book: inout ScoreBook<Objective>) -> Bool {
        let (first, second) = (layout.meshes[a], layout.meshes[b])
        let score = first.score + second.score + 1e-9
        for out in first.models.map(Optional.some) + [nil] {
            for back in second.models.map(Optional.some) + [nil] where out != nil || back != nil {
                guard let firstScore = book.score(first, without: out, with: back),
                    let secondScore = book.score(second, without: back, with: out), firstScore + secondScore > score
                else { continue }
                book.change(&layout.meshes[a], without: out, with: back, score: firstScore)
                book.change(&layout.meshes[b], without: back, with: out, score: secondScore)
                return true
            }
        }
        return false
    }

    /// Cuts some meshes anew or takes some models out, and places what lost its mesh.
    ///
    /// - Returns: The changed meshes; `nil` where a model finds no room.
    private mutating func shake(_ layout: inout Layout, _ book: inout ScoreBook<Objective>) -> [Int]? {
        var loose: [Int]
        switch random.integer(in: 0...3) {
        case 0: loose = split(&layout)
        case 1: loose = merge(&layout)
        case 2: loose = split(&layout) + merge(&layout)
        default: loose = recut(&layout)
        }
        loose += loosen(&layout, &book)
        loose.sort { rank[$0] < rank[$1] }
        guard greedy.place(loose, on: &layout, &book) else { return nil }
        return Array(layout.meshes.indices.suffix(8))
            + layout.meshes.indices.filter { mesh in
                loose.contains { layout.meshes[mesh].models.contains($0) }
            }
    }

    /// Two halves in place of one mesh.
    private mutating func split(_ layout: inout Layout) -> [Int] {
        let index = random.integer(in: 0...layout.meshes.count - 1)
        guard let half = kinds.half(of: layout.meshes[index].kind) else { return [] }
        let mesh = layout.meshes.remove(at: index)
        layout.meshes += [Layout.Mesh(node: mesh.node, kind: half), Layout.Mesh(node: mesh.node, kind: half)]
        return mesh.models
    }

    /// One mesh in place of two equal ones of a node.
    private mutating func merge(_ layout: inout Layout) -> [Int] {
        let index = random.integer(in: 0...layout.meshes.count - 1)
        let mesh = layout.meshes[index]
        let partner = layout.meshes.indices.filter {
            $0 != index && layout.meshes[$0].kind == mesh.kind && layout.meshes[$0].node == mesh.node
        }.randomElement(using: &random)
        guard let partner, let double = kinds.double(of: mesh.kind) else { return [] }
        let models = mesh.models + layout.meshes[partner].models
        layout.meshes.remove(at: max(index, partner))
        layout.meshes.remove(at: min(index, partner))
        layout.meshes.append(Layout.Mesh(node: mesh.node, kind: double))
        return models
    }

    /// Another partition of a node.
    private mutating func recut(_ layout: inout Layout) -> [Int] {
        let node = random.integer(in: 0...kinds.nodeKinds.count - 1)
        let partitions = kinds.partitions[kinds.nodeKinds[node]]
        let partition = partitions[random.integer(in: 0...partitions.count - 1)]
        var models: [Int] = []
        for index in layout.meshes.indices.reversed() where layout.meshes[index].node == node {
            models += layout.meshes.remove(at: index).models
        }
        layout.meshes += partition.map { Layout.Mesh(node: node, kind: $0) }
        return models
    }

    /// Takes up to two models from where they are.
    private mutating func loosen(_ layout: inout Layout, _ book: inout ScoreBook<Objective>) -> [Int] {
        var loose: [Int] = []
        for _ in 0..<random.integer(in: 0...2) {
            let index = random.integer(in: 0...layout.meshes.count - 1)
            let mesh = layout.meshes[index]
            guard let model = mesh.models.randomElement(using: &random) else { continue }
            guard let score = book.score(mesh, without: model) else { continue }
            book.change(&layout.meshes[index], without: model, score: score)
            loose.append(model)
        }
        return loose
    }
}
