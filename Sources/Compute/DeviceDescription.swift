/// What a user is told of a device, and by what one is chosen.
public struct DeviceDescription: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable {
        case discrete, integrated, virtual, cpu, other
    }

    public var api: DeviceAPI
    /// The position among the devices of its API.
    public var index: Int
    /// The driver's name for the device.
    public var name: String
    public var kind: Kind
    public var driver: String
    /// Bytes of the largest memory that buffers come from.
    public var memoryByteCount: Int

    public init(
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
    public var selector: String { "\(api.rawValue):\(index)" }
}
