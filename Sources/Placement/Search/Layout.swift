/// A division of the cluster into meshes with models on them, as the search changes it.
struct Layout: Sendable {
    var meshes: [Mesh]

    /// One mesh. `score` is that of its unit, 0 without models.
    struct Mesh: Hashable, Sendable {
        var node: Int
        /// Position in the search's kinds.
        var kind: Int
        /// Ascending.
        var models: [Int] = []
        /// The hash of its models, for `ScoreBook`.
        var code: UInt64 = 0
        var score = 0.0
    }

    var score: Double { meshes.reduce(0) { $0 + $1.score } }
}
