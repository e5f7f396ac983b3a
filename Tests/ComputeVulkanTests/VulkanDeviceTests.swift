import Compute
import ComputeVulkan
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

    @Test(arguments: [3, 5])
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

    @Test func unknownDevicesAreNamedWithThoseThereAre() throws {
        let instance = try VulkanInstance()
        let names = try instance.devices().map(\.name)
        #expect(throws: ComputeError.noSuchDevice("vulkan:none", available: names)) {
            try VulkanDevice(DeviceSelector("vulkan:none"), in: instance, cacheDirectory: nil)
        }
        #expect(throws: ComputeError.badSelector("metal:0")) { try DeviceSelector("metal:0") }
    }
}
