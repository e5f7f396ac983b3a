/// What a user is told of a device, and by what one is chosen.
package struct DeviceDescription: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Codable {
        case discrete, integrated, virtual, cpu, other
    }

    package var api: DeviceAPI
    /// The position among the devices of its API.
    package var index: Int
    /// The driver's name for the device.
    package var name: String
    package var kind: Kind
    package var driver: String
    /// Bytes of the largest memory that buffers come from.
    package var memoryByteCount: Int

    package init(
        api: DeviceAPI, index: Int, name: String, kind: Kind, driver: String, memoryByteCount: Int
    ) {
        self.api = api
        self.index = index
        self.name = name
        self.kind = kind
        self.driver = driver
        self.memoryByteCount = memoryByteCount
    }

    /// The shortest string that selects this device: `vulkan:0`.
    package var selector: String { "\(api.rawValue):\(index)" }
}
