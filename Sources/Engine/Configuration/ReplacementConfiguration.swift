import ConfigurationFiles
import Placement

/// When models move from unit to unit while they serve.
package struct ReplacementConfiguration: Sendable, Hashable {
    /// The cost file of `weft profile`, by which placements are judged.
    package var costs: String
    /// Seconds between two decisions.
    package var every = ReplacementSettings().every
    /// Of measured rates, in seconds.
    package var halfLife = ReplacementSettings().halfLife
    /// The least gain, as a part of all requests.
    package var margin = ReplacementSettings().margin
    /// The most units that serve one model at once.
    package var replicas = ReplacementSettings().replicas
    /// Whether moves are logged and not made.
    package var isDryRun = false

    package init(costs: String) { self.costs = costs }

    /// - Throws: `FileError`.
    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["costs", "every", "half_life", "margin", "replicas", "dry_run"])
        costs = try field.field("costs").text()
        every = try field.optional("every")?.number(0.1...86_400) ?? every
        halfLife = try field.optional("half_life")?.number(0.1...86_400) ?? halfLife
        margin = try field.optional("margin")?.number(0...1) ?? margin
        replicas = try field.optional("replicas")?.integer(1...64) ?? replicas
        isDryRun = try field.optional("dry_run")?.flag() ?? isDryRun
    }

    var settings: ReplacementSettings {
        ReplacementSettings(
            every: every, halfLife: halfLife, margin: margin, horizon: 10 * halfLife, replicas: replicas)
    }
}
