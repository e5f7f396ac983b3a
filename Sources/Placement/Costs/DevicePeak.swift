package import Quantities

/// What a kind of device can do at most.
package struct DevicePeak: Hashable, Sendable, Codable {
    /// Multiply-adds count twice.
    package var flopsPerSecond: Double
    /// To the device's own memory.
    package var bytesPerSecond: Double
    /// What one launched kernel costs at least.
    package var launchCost: Seconds
    /// Between two devices of a mesh.
    package var linkBytesPerSecond: Double

    package init(
        flopsPerSecond: Double, bytesPerSecond: Double, launchCost: Seconds, linkBytesPerSecond: Double = 2e11
    ) {
        self.flopsPerSecond = flopsPerSecond
        self.bytesPerSecond = bytesPerSecond
        self.launchCost = launchCost
        self.linkBytesPerSecond = linkBytesPerSecond
    }

    /// NVIDIA A100-80GB SXM: dense fp16, HBM2e, NVLink.
    package static let a100 = DevicePeak(
        flopsPerSecond: 312e12, bytesPerSecond: 2.039e12, launchCost: 8e-6, linkBytesPerSecond: 3e11)
}
