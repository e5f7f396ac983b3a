import Compute
import ComputeOpenCL
import ComputeVulkan
import Foundation
import Testing

/// The devices of this machine that kernels are tested on: those of Vulkan, watched by the validation layer, and of OpenCL.
enum TestDevices {
    static let instance: VulkanInstance? = try? VulkanInstance(validates: true)
    static let platforms: OpenCLPlatforms? = try? OpenCLPlatforms()

    /// Selectors of all devices found; a test without any fails.
    static let selectors: [String] =
        ((try? instance?.devices()) ?? []).map(\.selector) + ((try? platforms?.devices()) ?? []).map(\.selector)

    static func open(
        _ selector: String, limits: (inout DeviceLimits) -> Void = { _ in }
    ) throws -> any Device {
        let selector = try DeviceSelector(selector)
        return if selector.api == .opencl {
            try OpenCLDevice(selector, in: #require(platforms), cacheDirectory: cacheDirectory, limits: limits)
        } else {
            try VulkanDevice(selector, in: #require(instance), cacheDirectory: cacheDirectory, limits: limits)
        }
    }

    /// Shared by the tests of one run, so that a kernel is compiled once.
    private static let cacheDirectory = NSTemporaryDirectory() + "weft-kernel-tests-\(getpid())"

    /// Fails the test if the validation layer complained.
    static func expectNoMessages() {
        #expect(instance?.validationMessages == [])
    }
}

/// Ways to switch optional features off.
enum Fallback: String, CaseIterable, Sendable {
    case none, noTexels, noSubgroups, smallBindings, fourWide, eightWide

    /// Those that make a difference to the device: OpenCL has no texel loads, GLSL no vectors of other widths than four.
    static func cases(for selector: String) -> [Fallback] {
        selector.hasPrefix(DeviceAPI.opencl.rawValue)
            ? [.none, .noSubgroups, .smallBindings, .fourWide, .eightWide]
            : [.none, .noTexels, .noSubgroups, .smallBindings]
    }

    func apply(_ limits: inout DeviceLimits) {
        switch self {
        case .none: break
        case .noTexels: limits.maxTexelElements = 0
        case .noSubgroups:
            limits.subgroupSize = 1
            limits.groupSize = 16
        case .smallBindings:
            limits.maxBindingSize = 1 << 15
            limits.maxTexelElements = 1 << 11
        case .fourWide: limits.vectorWidth = 4
        case .eightWide: limits.vectorWidth = 8
        }
    }
}

/// Numbers for tests: the same for a seed, on every platform.
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Evenly between -1 and 1.
    mutating func float() -> Float { Float(Int64(bitPattern: next()) >> 40) / Float(1 << 23) }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
