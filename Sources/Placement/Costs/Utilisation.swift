/// The parts of a mesh's memory bandwidth and compute that a job keeps busy, 0...1 each.
public struct Utilisation: Hashable, Sendable {
    public var memory: Double
    public var compute: Double

    public static let idle = Utilisation(memory: 0, compute: 0)

    public init(memory: Double, compute: Double) {
        self.memory = memory
        self.compute = compute
    }

    /// Of a job that moves `bytes` and computes `flops` in `time` on `devices` devices.
    public init(bytes: Double, flops: Double, time: Double, devices: Int, peak: DevicePeak) {
        let mesh = time * Double(devices)
        memory = min(1, bytes / (mesh * peak.bytesPerSecond))
        compute = min(1, flops / (mesh * peak.flopsPerSecond))
    }

    public static func + (a: Self, b: Self) -> Self {
        Utilisation(memory: a.memory + b.memory, compute: a.compute + b.compute)
    }
}
