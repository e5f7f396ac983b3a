/// One step from a running plan to the next; what it costs are the weights that must be loaded.
package struct PlanMove: Hashable, Sendable, Codable, CustomStringConvertible {
    package var model: String
    /// The unit that serves the model until then; absent for a new model.
    package var source: String?
    package var destination: String
    package var bytes: Double
    /// What the objective gains with this and the moves before it.
    package var gain: Double

    package var description: String {
        let gigabytes = (bytes / 1e8).rounded() / 10
        let way = source.map { "from \($0) to \(destination)" } ?? "to \(destination)"
        return "move \(model) \(way): \(gigabytes) GB to load, gains \((gain * 1000).rounded() / 1000)"
    }
}
