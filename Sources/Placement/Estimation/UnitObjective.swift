/// What placement maximises: the sum of its units' scores.
package protocol UnitObjective: Sendable {
    /// The models to place; units name them by position.
    var demands: [ModelDemand] { get }

    /// What a unit of these models would serve on a mesh; `nil` where they do not fit together.
    ///
    /// - Parameter models: Ascending positions in `demands`; not empty.
    func estimate(_ models: [Int], on mesh: MeshKind) -> UnitEstimate?

    /// How one model could run alone on a mesh; `nil` where it does not fit.
    func candidate(_ model: Int, on mesh: MeshKind) -> ParallelCandidate?
}
