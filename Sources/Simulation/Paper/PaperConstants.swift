/// What the table of runs does not say of the paper's cluster: constants for all runs, fitted to some of them.
public struct PaperConstants: Hashable, Sendable, Codable {
    /// Mean tokens of a prompt.
    public var promptTokens: Double
    /// Mean generated tokens of a request; their distribution is exponential.
    public var outputTokens: Double
    public var lane: LaneModel
    /// Device memory that each model's runtime takes beside its weights, in GB.
    public var activationGB: Double

    public var slack = 1.0
    public var spatialMemory = 0.5
    public var tcap = 256.0

    public init(promptTokens: Double, outputTokens: Double, lane: LaneModel, activationGB: Double) {
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.lane = lane
        self.activationGB = activationGB
    }

    public static let fitted = PaperConstants(
        promptTokens: 190, outputTokens: 222, lane: .measured, activationGB: 8)
}
