/// Two meshes of a node made one, or one made two. All models on them are loaded anew.
struct MeshRecut {
    /// The meshes that go.
    var old: [Int]
    /// What stands in their place.
    var new: [Layout.Mesh]
    var devices: [[Int]]
    var gain: Double
    /// The weights to load.
    var bytes: Double
}

extension Replanning {
    /// The recut that gains most for the bytes it loads.
    ///
    /// - Parameter minimalGain: What each model that must be loaded has to gain at least.
    /// - Complexity: O(meshes² + models of all meshes), not counting units scored for the first time.
    mutating func bestRecut(minimalGain: Double) -> MeshRecut? {
        var best: MeshRecut?
        for first in layout.meshes.indices {
            var recuts = [split(first)]
            for second in layout.meshes.indices where second > first { recuts.append(join(first, second)) }
            for case let recut? in recuts {
                let loaded = recut.new.reduce(0) { $0 + $1.models.count }
                guard loaded > 0, recut.gain > minimalGain * Double(loaded) else { continue }
                if recut.gain / recut.bytes > best.map({ $0.gain / $0.bytes }) ?? 0 { best = recut }
            }
        }
        return best
    }

    /// Puts the new meshes in place of the old ones.
    ///
    /// - Returns: A move for each model on them; the gain is shared out evenly.
    mutating func carryOut(_ recut: MeshRecut) -> [PlanMove] {
        let newNames = zip(recut.new, recut.devices).map { mesh, devices in
            "node-\(mesh.node)-devices-" + devices.map(String.init).joined(separator: "-")
        }
        var moves: [PlanMove] = []
        let loaded = recut.new.reduce(0) { $0 + $1.models.count }
        for (mesh, name) in zip(recut.new, newNames) {
            for model in mesh.models {
                let source = recut.old.first { layout.meshes[$0].models.contains(model) }
                let demand = objective.demands[model]
                moves.append(
                    PlanMove(
                        model: demand.name, source: source.map { names[$0] }, destination: name,
                        bytes: demand.profile.weightBytes, gain: recut.gain / Double(loaded)))
            }
        }
        for position in recut.old.sorted(by: >) {
            layout.meshes.remove(at: position)
            names.remove(at: position)
            devices.remove(at: position)
        }
        layout.meshes += recut.new
        names += newNames
        devices += recut.devices
        return moves
    }

    private mutating func join(_ first: Int, _ second: Int) -> MeshRecut? {
        let (a, b) = (layout.meshes[first], layout.meshes[second])
        guard a.node == b.node, a.kind == b.kind, let kind = kinds.double(of: a.kind),
            Set(a.models).isDisjoint(with: b.models)
        else { return nil }
        var mesh = Layout.Mesh(node: a.node, kind: kind)
        for model in a.models + b.models {
            guard let score = book.score(mesh, with: model) else { return nil }
            book.change(&mesh, with: model, score: score)
        }
        return recut([first, second], into: [mesh], [(devices[first] + devices[second]).sorted()])
    }

    /// Its models go to the halves one by one, the heaviest first, each to where it gains more.
    private mutating func split(_ position: Int) -> MeshRecut? {
        let mesh = layout.meshes[position]
        guard let kind = kinds.half(of: mesh.kind) else { return nil }
        var halves = [Layout.Mesh(node: mesh.node, kind: kind), Layout.Mesh(node: mesh.node, kind: kind)]
        for model in GreedyPlacement(objective.demands).order where mesh.models.contains(model) {
            let scores = halves.map { book.score($0, with: model) }
            let gains = halves.indices.map { half in scores[half].map { $0 - halves[half].score } ?? -.infinity }
            let half = gains[1] > gains[0] ? 1 : 0
            guard let score = scores[half] else { return nil }
            book.change(&halves[half], with: model, score: score)
        }
        let count = devices[position].count / 2
        return recut(
            [position], into: halves,
            [Array(devices[position].prefix(count)), Array(devices[position].dropFirst(count))])
    }

    private func recut(_ old: [Int], into new: [Layout.Mesh], _ devices: [[Int]]) -> MeshRecut {
        let models = new.flatMap(\.models)
        return MeshRecut(
            old: old, new: new, devices: devices,
            gain: new.reduce(0) { $0 + $1.score } - old.reduce(0) { $0 + layout.meshes[$1].score },
            bytes: models.reduce(0) { $0 + objective.demands[$1].profile.weightBytes })
    }
}
