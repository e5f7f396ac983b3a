/// The kinds of mesh that a cluster can be cut into, and the ways to cut its nodes.
struct MeshKinds: Sendable {
    private(set) var kinds: [MeshKind] = []
    /// The kind of each node; equal nodes are cut alike.
    let nodeKinds: [Int]
    /// For each kind of node, all its partitions: ascending kinds of the meshes.
    let partitions: [[[Int]]]

    init(_ cluster: Cluster) {
        var found: [Cluster.Node] = []
        nodeKinds = cluster.nodes.map { node in
            if let known = found.firstIndex(of: node) { return known }
            found.append(node)
            return found.count - 1
        }
        var kinds: [MeshKind] = []
        partitions = found.map { node in
            Self.partitions(of: node.devices, largest: node.devices).map { sizes in
                sizes.map { size in
                    let kind = MeshKind(devices: size, memoryBytes: node.memoryBytes, speed: node.speed)
                    if let known = kinds.firstIndex(of: kind) { return known }
                    kinds.append(kind)
                    return kinds.count - 1
                }
            }
        }
        self.kinds = kinds
    }

    subscript(kind: Int) -> MeshKind { kinds[kind] }

    /// The kind with half the devices of `kind`; `nil` for a single device.
    func half(of kind: Int) -> Int? { kinds.firstIndex(of: sized(kind, kinds[kind].devices / 2)) }

    /// The kind with twice the devices of `kind`, if a node has as many.
    func double(of kind: Int) -> Int? { kinds.firstIndex(of: sized(kind, kinds[kind].devices * 2)) }

    private func sized(_ kind: Int, _ devices: Int) -> MeshKind {
        MeshKind(devices: devices, memoryBytes: kinds[kind].memoryBytes, speed: kinds[kind].speed)
    }

    /// All ways to write `count` as a sum of powers of two, largest first.
    private static func partitions(of count: Int, largest: Int) -> [[Int]] {
        if count == 0 { return [[]] }
        var found: [[Int]] = []
        var size = 1
        while size * 2 <= min(count, largest) { size *= 2 }
        while size >= 1 {
            found += partitions(of: count - size, largest: size).map { [size] + $0 }
            size /= 2
        }
        return found
    }
}
