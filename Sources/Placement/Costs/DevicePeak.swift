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

/// The parts of a mesh's memory bandwidth and compute that a job keeps busy, 0...1 each.
package struct Utilisation: Hashable, Sendable {
    package var memory: Double
    package var compute: Double

    package static let idle = Utilisation(memory: 0, compute: 0)

    package init(memory: Double, compute: Double) {
        self.memory = memory
        self.compute = compute
    }

    /// Of a job that moves `bytes` and computes `flops` in `time` on `devices` devices.
    package init(bytes: Double, flops: Double, time: Double, devices: Int, peak: DevicePeak) {
        let mesh = time * Double(devices)
        memory = min(1, bytes / (mesh * peak.bytesPerSecond))
        compute = min(1, flops / (mesh * peak.flopsPerSecond))
    }

    package static func + (a: Self, b: Self) -> Self {
        Utilisation(memory: a.memory + b.memory, compute: a.compute + b.compute)
    }
}
