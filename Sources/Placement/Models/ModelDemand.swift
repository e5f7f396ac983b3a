/// A model that is to be placed, and what is asked of it.
public struct ModelDemand: Hashable, Sendable, Codable {
    public var name: String
    /// Where its weights are; what serving is told.
    public var path: String
    public var profile: ModelProfile
    /// Requests per second.
    public var rate: Double
    public var meanPromptTokens: Double
    public var meanOutputTokens: Double

    public init(
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
