/// A model that is to be placed, and what is asked of it.
package struct ModelDemand: Hashable, Sendable, Codable {
    package var name: String
    /// Where its weights are; what serving is told.
    package var path: String
    package var profile: ModelProfile
    /// Requests per second.
    package var rate: Double
    package var meanPromptTokens: Double
    package var meanOutputTokens: Double

    package init(
        name: String, path: String? = nil, profile: ModelProfile, rate: Double, meanPromptTokens: Double = 161,
        meanOutputTokens: Double = 337
    ) {
        self.name = name
        self.path = path ?? name
        self.profile = profile
        self.rate = rate
        self.meanPromptTokens = meanPromptTokens
        self.meanOutputTokens = meanOutputTokens
    }

    /// Compute asked per second, in parameters: popularity times scale.
    var load: Double { rate * profile.parameters * (meanPromptTokens + meanOutputTokens) }
}
