/// A mesh as the estimator sees it: how many devices of which kind.
package struct MeshKind: Hashable, Sendable {
    package var devices: Int
    /// Of each device.
    package var memoryBytes: Double
    /// Speed relative to the device of the cost file.
    package var speed: Double

    package init(devices: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
        self.devices = devices
        self.memoryBytes = memoryBytes
        self.speed = speed
    }
}
