/// The divisions of a cluster into meshes from which the search starts.
struct MeshGroups: Sendable {
    private let kinds: MeshKinds

    init(_ kinds: MeshKinds) {
        self.kinds = kinds
    }

    /// Divisions that differ in their meshes, all of them where they are at most `limit`; else those in which equal
    /// nodes are cut in at most two ways.
    ///
    /// - Parameters:
    ///   - largestNeeded: Devices that some mesh must have.
    ///   - most: The most meshes that are of use.
    ///   - limit: Chosen: each of them is placed greedily before the search begins.
    func divisions(largestNeeded: Int, most: Int, limit: Int = 5000) -> [Layout] {
        let classes = Dictionary(grouping: kinds.nodeKinds.indices) { kinds.nodeKinds[$0] }.sorted { $0.key < $1.key }
        var found: [[Layout.Mesh]] = [[]]
        for (kind, nodes) in classes {
            let choices = cuts(of: nodes.count, kind: kind, limit: limit / max(1, found.count))
            found = found.flatMap { meshes in
                choices.map { choice in
                    meshes
                        + zip(nodes, choice).flatMap { node, partition in
                            kinds.partitions[kind][partition].map { Layout.Mesh(node: node, kind: $0) }
                        }
                }
            }
        }
        var seen: Set<[Int]> = []
        return found.filter { meshes in
            let largest = meshes.map { kinds[$0.kind].devices }.max() ?? 0
            return largest >= largestNeeded && meshes.count <= max(most, kinds.nodeKinds.count)
                && seen.insert(meshes.map(\.kind).sorted()).inserted
        }.map { Layout(meshes: $0) }
    }

    /// Partition numbers of `count` equal nodes, ascending.
    private func cuts(of count: Int, kind: Int, limit: Int) -> [[Int]] {
        let partitions = kinds.partitions[kind].count
        if Self.combinations(partitions, count) <= Double(limit) {
            var all: [[Int]] = [[]]
            for _ in 0..<count { all = all.flatMap { head in ((head.last ?? 0)..<partitions).map { head + [$0] } } }
            return all
        }
        // Chosen: eighths of the nodes are cut the one way, the rest the other.
        let steps = Set((0...8).map { count * $0 / 8 }).sorted()
        var found: Set<[Int]> = []
        for first in 0..<partitions {
            for second in first..<partitions {
                for step in steps {
                    found.insert(
                        Array(repeating: first, count: step) + Array(repeating: second, count: count - step))
                }
            }
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// How many multisets of `count` there are of `kinds` elements.
    private static func combinations(_ kinds: Int, _ count: Int) -> Double {
        (0..<count).reduce(1) { $0 * Double(kinds + $1) / Double($1 + 1) }
    }
}
