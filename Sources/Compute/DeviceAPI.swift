/// A way to reach devices.
public enum DeviceAPI: String, Sendable, Hashable, Codable, CaseIterable {
    case vulkan, opencl, cuda
}
