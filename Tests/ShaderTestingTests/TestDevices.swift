import Compute
import ComputeOpenCL
import ComputeVulkan
import Foundation
import Kernels
package import ShaderTesting
import TestDevices
import Testing

/// The devices of this machine that kernels are tested on: those of Vulkan, watched by the validation layer, and of
/// OpenCL.
enum TestDevices {
    private static let instance: VulkanInstance? = {
        if let watched = try? VulkanInstance(validates: true) { return watched }
        guard let instance = try? VulkanInstance() else { return nil }
        FileHandle.standardError.write(
            Data("SKIPPED: the validation layer, which is missing, watches no kernel\n".utf8))
        return instance
    }()
    private static let platforms: OpenCLPlatforms? = try? OpenCLPlatforms()

    /// All devices found.
    static let found: [TestedDevice] =
        ((try? instance?.devices()) ?? []).map(vulkan) + ((try? platforms?.devices()) ?? []).map(openCL)

    /// Devices that compile fast: SwiftShader, with its optimiser of long ago, would take as long as all others
    /// together.
    static let fast = found.filter { !isSwiftShader($0) }

    private static func isSwiftShader(_ device: TestedDevice) -> Bool {
        device.description.name.contains("SwiftShader")
    }

    /// A short part of all cases.
    ///
    /// SwiftShader keeps until the process ends what it needed to compile a kernel: more than 16 GB for products of all
    /// formats, half a gigabyte for those of three. The other drivers compile all of them.
    static func suite(for device: TestedDevice) -> ShaderSuite {
        ShaderSuite(isQuick: true, formats: isSwiftShader(device) ? [.f32, .q4, .q6K] : WeightFormat.allCases)
    }

    /// On SwiftShader, whose compiler of long ago takes as long for one way as the others for all, as it is and as a
    /// GPU;
    /// `weft shaders test` tries them all there, too.
    static func fallbacks(for device: TestedDevice) -> [Fallback]? { isSwiftShader(device) ? [.none, .gpu] : nil }

    /// A kernel is compiled once for all tests of a run.
    private static var cacheDirectory: String { ProcessFolder.path }

    private static func vulkan(_ description: DeviceDescription) -> TestedDevice {
        TestedDevice(description) { adjust in
            try VulkanDevice(
                DeviceSelector(description.selector), in: #require(instance), cacheDirectory: cacheDirectory,
                limits: adjust)
        }
    }

    private static func openCL(_ description: DeviceDescription) -> TestedDevice {
        TestedDevice(description) { adjust in
            try OpenCLDevice(
                DeviceSelector(description.selector), in: #require(platforms), cacheDirectory: cacheDirectory,
                limits: adjust)
        }
    }

    /// Fails the test if the validation layer complained.
    static func expectNoMessages() {
        #expect(instance?.validationMessages ?? [] == [])
    }

    /// Says aloud which of the drivers that a development machine has is missing.
    static func reportMissing() {
        for (driver, name) in [("lavapipe", "llvmpipe"), ("SwiftShader", "SwiftShader"), ("PoCL", "pthread")]
        where !found.contains(where: { $0.description.name.contains(name) }) {
            FileHandle.standardError.write(
                Data("SKIPPED: kernels are not tested on \(driver), which is missing\n".utf8))
        }
    }
}

extension TestedDevice: CustomTestStringConvertible {
    package var testDescription: String { description.name }
}
