public import Placement
public import Workloads

/// What the table of runs does not say of the paper's cluster: constants for all runs, none for one run or popularity
/// law.
public struct PaperConstants: Hashable, Sendable, Codable {
    /// Mean tokens of a prompt.
    public var promptTokens: Double
    /// Mean generated tokens of a request; their distribution is exponential.
    public var outputTokens: Double
    public var host: ReferenceHost
    public var contention: Contention
    /// The time between two looks of the scheduler at its queues.
    public var tick: Seconds
    /// Device memory that each model's runtime takes beside its weights, in GB.
    public var activationGB: Double
    /// The part of device memory that is the pool in spatial runs.
    public var spatialPoolPart: Double

    public init(
        promptTokens: Double, outputTokens: Double, host: ReferenceHost, contention: Contention, tick: Seconds,
        activationGB: Double, spatialPoolPart: Double
    ) {
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.host = host
        self.contention = contention
        self.tick = tick
        self.activationGB = activationGB
        self.spatialPoolPart = spatialPoolPart
    }

    /// Fitted to the measured runs of alpha 0.7 and 1.3.
    public static let fitted = PaperConstants(
        promptTokens: 194, outputTokens: 215,
        host: ReferenceHost(perPrefill: 1.07e-3, perDecode: 1.21e-3, perSequence: 4e-5, perPage: 1.02e-6),
        contention: Contention(memory: 3.3, compute: 0.95, common: 0.037), tick: 2.4e-3, activationGB: 6.92,
        spatialPoolPart: 0.522)
}
