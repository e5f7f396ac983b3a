/// How one model could run alone on a mesh of some size.
///
/// Source: MuxServe, Algorithm 2.
public struct ParallelCandidate: Hashable, Sendable, Codable {
    public var devices: Int
    /// The smallest share that sustains the rate, or the best one if none does; percent.
    public var decodeSharePercent: Int
    public var batch: Int
    /// Requests per second; the arrival rate where it is sustained.
    public var throughput: Double
    public var isSatisfied: Bool

    public init(devices: Int, decodeSharePercent: Int, batch: Int, throughput: Double, isSatisfied: Bool) {
        self.devices = devices
        self.decodeSharePercent = decodeSharePercent
        self.batch = batch
        self.throughput = throughput
        self.isSatisfied = isSatisfied
    }
}
