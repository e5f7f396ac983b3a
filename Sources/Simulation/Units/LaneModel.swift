public import Placement
public import Workloads

/// What a modelled device adds to the measured times of jobs.
public struct LaneModel: Hashable, Sendable, Codable {
    /// The host's work for each job of a phase: scheduling, launching, returning.
    public var prefillHostCost: Seconds
    public var decodeHostCost: Seconds
    /// The host's work for each sequence of a job.
    public var hostCostPerSequence: Seconds
    public var contention: Contention
    /// By which utilisation is judged.
    public var peak: DevicePeak

    public init(
        prefillHostCost: Seconds, decodeHostCost: Seconds, hostCostPerSequence: Seconds, contention: Contention,
        peak: DevicePeak = .a100
    ) {
        self.prefillHostCost = prefillHostCost
        self.decodeHostCost = decodeHostCost
        self.hostCostPerSequence = hostCostPerSequence
        self.contention = contention
        self.peak = peak
    }

    /// Fitted to measured runs of 19 models on 32 A100s under MuxServe, whose host side is in Python.
    public static let measured = LaneModel(
        prefillHostCost: 1e-3, decodeHostCost: 1e-3, hostCostPerSequence: 2e-4, contention: .measured)

    /// Jobs take what was measured of them alone.
    public static let ideal = LaneModel(
        prefillHostCost: 0, decodeHostCost: 0, hostCostPerSequence: 0, contention: .none)
}
