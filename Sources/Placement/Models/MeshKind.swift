/// A mesh as the estimator sees it: how many devices of which kind.
public struct MeshKind: Hashable, Sendable {
    public var devices: Int
    /// Of each device.
    public var memoryBytes: Double
    /// Speed relative to the device of the cost file.
    public var speed: Double

    public init(devices: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
        self.devices = devices
        self.memoryBytes = memoryBytes
        self.speed = speed
    }
}
