/// A way to reach devices.
package enum DeviceAPI: String, Sendable, Hashable, Codable, CaseIterable {
    case vulkan, opencl, cuda
}
