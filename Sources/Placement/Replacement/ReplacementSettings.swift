package import Quantities

/// When models are moved while they serve.
package struct ReplacementSettings: Hashable, Sendable, Codable {
    /// Seconds between two decisions.
    package var every: Seconds
    /// Of measured rates. Chosen: half a minute follows a turn of popularity, and fifteen requests within it do not
    /// make a model hot.
    package var halfLife: Seconds
    /// The least gain, after all that the moves cost, as a part of all requests. Chosen: beyond what measured rates
    /// waver by.
    package var margin: Double
    /// Seconds for which rates are believed to last: moves must pay within them. Chosen: ten half-lives.
    package var horizon: Seconds
    /// The most units that serve one model at once.
    package var replicas: Int
    /// Bytes of weights that are loaded in a second. Chosen: what a fast disk reads.
    package var loadBytesPerSecond: Double

    /// Seconds after moves in which nothing moves: a half-life, as rates measured before them say little of now.
    package var rest: Seconds { halfLife }

    package init(
        every: Seconds = 10, halfLife: Seconds = 30, margin: Double = 0.05, horizon: Seconds = 300, replicas: Int = 4,
        loadBytesPerSecond: Double = 1e9
    ) {
        self.every = every
        self.halfLife = halfLife
        self.margin = margin
        self.horizon = horizon
        self.replicas = replicas
        self.loadBytesPerSecond = loadBytesPerSecond
    }

    /// How long a model is loaded.
    package func loadTime(of model: ModelProfile) -> Seconds { model.weightBytes / loadBytesPerSecond }
}

/// A unit whose devices stay, and the models that it serves now.
package struct ServedUnit: Hashable, Sendable {
    package var name: String
    package var mesh: MeshKind
    /// What weights of models that may move can take together.
    package var weightBytes: Double
    package var models: [String]

    package init(name: String, mesh: MeshKind, weightBytes: Double, models: [String]) {
        self.name = name
        self.mesh = mesh
        self.weightBytes = weightBytes
        self.models = models
    }
}
