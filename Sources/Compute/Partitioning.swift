/// How lanes get their shares of a device, the best way first.
package enum Partitioning: String, Sendable, Hashable, Codable, CaseIterable {
    /// Compute units of their own (OpenCL device fission): a real partition.
    case subDevices = "sub-devices"
    /// Multiprocessors of their own (CUDA's green contexts): a real partition.
    case greenContexts = "green contexts"
    /// Connections to a CPU driver, each with its number of worker threads: a real partition.
    case instances
    /// Queues of their own with priorities; the device divides itself.
    case queues
    /// Turns on the one queue: long jobs go in slices.
    case budget

    /// Whether parts of the device have compute units of their own.
    package var isReal: Bool {
        switch self {
        case .subDevices, .greenContexts, .instances: true
        case .queues, .budget: false
        }
    }
}

/// A device, and parts of it that work at the same time on the same memory.
package struct DevicePartition: Sendable {
    /// The whole device, which shares its memory with the parts.
    package let whole: any Device
    /// A device for each part that was asked for. Where shares are queues or turns, each is the whole device.
    package let parts: [any Device]

    package init(whole: any Device, parts: [any Device]) {
        self.whole = whole
        self.parts = parts
    }
}
