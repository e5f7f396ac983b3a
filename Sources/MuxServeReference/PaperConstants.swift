package import Placement
package import Quantities
import Workloads

/// What the table of runs does not say of the paper's cluster: constants for all runs, none for one run or popularity
/// law.
package struct PaperConstants: Hashable, Sendable, Codable {
    /// Mean tokens of a prompt.
    package var promptTokens: Double
    /// Mean generated tokens of a request; their distribution is exponential.
    package var outputTokens: Double
    package var host: ReferenceHost
    package var contention: Contention
    /// The time between two looks of the scheduler at its queues.
    package var tick: Seconds
    /// Device memory that each model's runtime takes beside its weights, in GB.
    package var activationGB: Double
    /// The part of device memory that is the pool in spatial runs.
    package var spatialPoolPart: Double

    package init(
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
    package static let fitted = PaperConstants(
        promptTokens: 194, outputTokens: 215,
        host: ReferenceHost(perPrefill: 1.07e-3, perDecode: 1.21e-3, perSequence: 4e-5, perPage: 1.02e-6),
        contention: Contention(memory: 3.3, compute: 0.95, common: 0.037), tick: 2.4e-3, activationGB: 6.92,
        spatialPoolPart: 0.522)
}
