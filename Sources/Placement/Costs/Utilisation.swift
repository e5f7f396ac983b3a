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
