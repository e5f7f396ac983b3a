package import Compute

/// Ways to switch a device's optional features off.
package enum Fallback: String, CaseIterable, Sendable, Codable {
    case none
    /// Storage reads in place of texel loads.
    case noTexels = "no texel loads"
    /// Groups of 16 that reduce through shared memory.
    case noSubgroups = "no subgroups"
    /// Groups that work together through shared memory, as on a GPU.
    case gpu = "as a GPU"
    /// The same without subgroups and dot products, and with as little shared memory as APIs grant.
    case smallGPU = "as a small GPU"
    /// Bindings of 64 KiB: larger buffers are seen through several windows.
    case smallBindings = "small bindings"
    case fourWide = "4 wide"
    case eightWide = "8 wide"

    /// Those that make a difference to a device: only GLSL has texel loads, and only OpenCL vectors of other widths
    /// than four. What is reached through CUDA is a GPU.
    package static func cases(for api: DeviceAPI) -> [Fallback] {
        switch api {
        case .vulkan: [.none, .noTexels, .noSubgroups, .gpu, .smallGPU, .smallBindings]
        case .opencl: [.none, .noSubgroups, .gpu, .smallGPU, .smallBindings, .fourWide, .eightWide]
        case .cuda: [.none, .noSubgroups, .smallGPU, .smallBindings]
        }
    }

    package func apply(to limits: inout DeviceLimits) {
        switch self {
        case .none: break
        case .noTexels: limits.maxTexelElements = 0
        case .noSubgroups:
            limits.subgroupSize = 1
            limits.groupSize = 16
        case .gpu: limits.actAsGPU()
        case .smallGPU:
            limits.subgroupSize = 1
            limits.hasDotProducts = false
            limits.actAsGPU(sharedMemoryBytes: 16 << 10)
        case .smallBindings:
            limits.maxBindingSize = 1 << 16
            limits.maxTexelElements = 1 << 12
        case .fourWide: limits.vectorWidth = 4
        case .eightWide: limits.vectorWidth = 8
        }
    }
}
