public import Placement

/// What a modelled device adds to the measured times of jobs.
public struct LaneModel: Hashable, Sendable, Codable {
    public var host: HostCost
    public var contention: Contention
    /// By which utilisation is judged.
    public var peak: DevicePeak

    public init(host: HostCost, contention: Contention, peak: DevicePeak = .a100) {
        self.host = host
        self.contention = contention
        self.peak = peak
    }

    /// Fitted to measured runs of 19 models on 32 A100s under MuxServe.
    public static let measured = LaneModel(host: .measured, contention: .measured)

    /// Jobs take what was measured of them alone.
    public static let ideal = LaneModel(host: .none, contention: .none)
}
