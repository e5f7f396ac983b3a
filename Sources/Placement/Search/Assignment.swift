/// Where the models of an objective go.
package struct Assignment: Hashable, Sendable {
    /// The sum of the units' scores.
    package var score: Double
    package var units: [Unit]
    /// Different units that were scored on the way.
    package var scoredUnits: Int

    /// One mesh and its models; idle meshes have none.
    package struct Unit: Hashable, Sendable {
        package var node: Int
        package var mesh: MeshKind
        /// Ascending positions in the objective's demands.
        package var models: [Int]
    }

    init(_ layout: Layout, _ kinds: MeshKinds, _ objective: some UnitObjective, scoredUnits: Int) {
        score = layout.score
        self.scoredUnits = scoredUnits
        units = layout.meshes.map { Unit(node: $0.node, mesh: kinds[$0.kind], models: $0.models) }
            .sorted {
                ($0.node, -$0.mesh.devices, $0.models.first ?? .max) < (
                    $1.node, -$1.mesh.devices, $1.models.first ?? .max
                )
            }
    }
}
