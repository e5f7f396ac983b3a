/// What the table of runs does not say of the paper's cluster: constants for all runs, none for one run or popularity
/// law.
public struct PaperConstants: Hashable, Sendable, Codable {
    /// Mean tokens of a prompt.
    public var promptTokens: Double
    /// Mean generated tokens of a request; their distribution is exponential.
    public var outputTokens: Double
    public var lane: LaneModel
    /// Device memory that each model's runtime takes beside its weights, in GB.
    public var activationGB: Double
    /// The part of device memory that is the pool in spatial runs. Smaller than what was configured: it stands for the
    /// work that evictions undo there, which this scheduler avoids.
    public var spatialPoolPart: Double
    /// The most sequences of a model in temporal runs. Some of the measured ones have 256, others hundreds more.
    public var temporalSequences: Int

    public init(
        promptTokens: Double, outputTokens: Double, lane: LaneModel, activationGB: Double, spatialPoolPart: Double,
        temporalSequences: Int
    ) {
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.lane = lane
        self.activationGB = activationGB
        self.spatialPoolPart = spatialPoolPart
        self.temporalSequences = temporalSequences
    }

    /// Fitted to the runs of alpha 0.7 at rate scales 0.5 and 1, and of alpha 1.3 at 0.75 and 1.25.
    public static let fitted = PaperConstants(
        promptTokens: 182, outputTokens: 239, lane: .measured, activationGB: 6.5, spatialPoolPart: 0.38,
        temporalSequences: 360)
}
