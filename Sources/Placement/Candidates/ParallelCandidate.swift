package import Quantities

/// How one model could run alone on a mesh of some size.
///
/// Source: MuxServe, Algorithm 2.
package struct ParallelCandidate: Hashable, Sendable, Codable {
    package var devices: Int
    /// The smallest share that sustains the rate, or the best one if none does.
    package var decodeShare: Share
    package var batch: Int
    /// Requests per second; the arrival rate where it is sustained.
    package var throughput: Double
    package var isSatisfied: Bool

    package init(devices: Int, decodeShare: Share, batch: Int, throughput: Double, isSatisfied: Bool) {
        self.devices = devices
        self.decodeShare = decodeShare
        self.batch = batch
        self.throughput = throughput
        self.isSatisfied = isSatisfied
    }
}
