import Compute
import ComputeVulkan
import Foundation
import Testing

@Suite(.serialized)
struct VulkanDeviceTests {
    private func lavapipe(_ limits: (inout DeviceLimits) -> Void = { _ in }) throws -> VulkanDevice {
        try VulkanDevice(DeviceSelector("vulkan:llvmpipe"), in: VulkanInstance(), cacheDirectory: nil, limits: limits)
    }

    @Test func theCompilersLogIsShown() throws {
        let code = KernelCode(
            label: "broken", dialect: .glsl, source: "#version 450\nvoid main() { missing_call(); }", bindings: [],
            parameterCount: 2, groupSize: 8)
        let device = try lavapipe()
        #expect {
            try device.makeKernel(code)
        } throws: {
            guard case .compilation(device.description.name, "broken", let log)? = $0 as? ComputeError else {
                return false
            }
            return log.contains("missing_call")
        }
    }

    @Test("Fault 25: a device that lacks what kernels need is refused", arguments: [3, 5])
    func aDeviceThatLacksWhatKernelsNeedIsRefused(_ bindings: Int) {
        #expect {
            try lavapipe { $0.maxBindings = bindings }
        } throws: {
            guard case .unsupported(let name, let reason)? = $0 as? ComputeError else { return false }
            return name.hasPrefix("llvmpipe") && reason == "kernels need 6 buffer bindings, and it has \(bindings)"
        }
        #expect(throws: ComputeError.self) { try lavapipe { $0.maxParameterBytes = 64 } }
        #expect(throws: ComputeError.self) { try lavapipe { $0.maxGroupSize = 2 } }
        #expect(throws: ComputeError.self) { try lavapipe { $0.maxBindingSize = 1024 } }
    }

    /// RADV's null hardware compiles shaders for a GPU that is not there; it has no memory, and crashes when it is
    /// used.
    ///
    /// In a process of its own: drivers read the variable when devices are enumerated, and a crash must not end all.
    @Test func aDeviceThatOnlyCompilesIsRefused() async throws {
        let drivers = try FileManager.default.contentsOfDirectory(atPath: "/usr/share/vulkan/icd.d")
        guard drivers.contains(where: { $0.hasPrefix("radeon_icd") }) else {
            print("SKIPPED: RADV is not installed (mesa-vulkan-drivers)")
            return
        }
        await #expect(processExitsWith: .success) {
            setenv("RADV_FORCE_FAMILY", "gfx1100", 1)
            let instance = try VulkanInstance()
            let null = try #require(try instance.devices().first { $0.name.hasPrefix("Null hardware") })
            let error = try #require(throws: ComputeError.self) {
                _ = try VulkanDevice(DeviceSelector(null.selector), in: instance, cacheDirectory: nil)
            }
            guard case .unsupported(null.name, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(!"\(error)".contains("\n"))
        }
    }

    @Test func devicesThatHoldAndComputeAreOpened() throws {
        let instance = try VulkanInstance(validates: true)
        for device in try instance.devices() {
            _ = try VulkanDevice(DeviceSelector(device.selector), in: instance, cacheDirectory: nil)
        }
        #expect(try instance.probe().map(\.description) == instance.devices())
        #expect(instance.validationMessages == [])
    }

    @Test func unknownDevicesAreNamedWithThoseThereAre() throws {
        let instance = try VulkanInstance()
        let names = try instance.devices().map(\.name)
        #expect(throws: ComputeError.noSuchDevice("vulkan:none", available: names)) {
            try VulkanDevice(DeviceSelector("vulkan:none"), in: instance, cacheDirectory: nil)
        }
        #expect(throws: ComputeError.badSelector("metal:0")) { try DeviceSelector("metal:0") }
    }
}
