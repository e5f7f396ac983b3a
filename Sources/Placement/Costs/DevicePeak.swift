public import Workloads

/// What a kind of device can do at most.
public struct DevicePeak: Hashable, Sendable, Codable {
    /// Multiply-adds count twice.
    public var flopsPerSecond: Double
    /// To the device's own memory.
    public var bytesPerSecond: Double
    /// What one launched kernel costs at least.
    public var launchCost: Seconds
    /// Between two devices of a mesh.
    public var linkBytesPerSecond: Double

    public init(
        flopsPerSecond: Double, bytesPerSecond: Double, launchCost: Seconds, linkBytesPerSecond: Double = 2e11
    ) {
        self.flopsPerSecond = flopsPerSecond
        self.bytesPerSecond = bytesPerSecond
        self.launchCost = launchCost
        self.linkBytesPerSecond = linkBytesPerSecond
    }

    /// NVIDIA A100-80GB SXM: dense fp16, HBM2e, NVLink.
    public static let a100 = DevicePeak(
        flopsPerSecond: 312e12, bytesPerSecond: 2.039e12, launchCost: 8e-6, linkBytesPerSecond: 3e11)
}
