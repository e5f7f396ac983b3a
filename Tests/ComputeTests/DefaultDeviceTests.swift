import Compute
import Testing

struct DefaultDeviceTests {
    private func device(
        _ api: DeviceAPI, _ index: Int, _ kind: DeviceDescription.Kind, _ name: String = "device"
    ) -> DeviceDescription {
        DeviceDescription(api: api, index: index, name: name, kind: kind, driver: "1", memoryByteCount: 1 << 30)
    }

    @Test func aGPUThroughVulkanIsFirst() throws {
        let choice = try DefaultDevice(from: [
            device(.opencl, 0, .discrete), device(.vulkan, 0, .cpu), device(.vulkan, 1, .integrated),
            device(.vulkan, 2, .discrete),
        ])
        #expect(choice.description.selector == "vulkan:2")
        #expect(choice.reason.contains("GPU"))
    }

    @Test func withoutAGPUItIsOpenCLOnTheCPU() throws {
        let choice = try DefaultDevice(from: [
            device(.vulkan, 0, .cpu, "llvmpipe"), device(.opencl, 0, .cpu, "pthread"),
        ])
        #expect(choice.description.selector == "opencl:0")
        #expect(choice.reason == "there is no GPU, and OpenCL is the fastest on the CPU")
    }

    @Test func withoutOpenCLItIsLavapipe() throws {
        let choice = try DefaultDevice(from: [
            device(.vulkan, 0, .cpu, "SwiftShader"), device(.vulkan, 1, .cpu, "llvmpipe (LLVM 15)"),
        ])
        #expect(choice.description.selector == "vulkan:1")
    }

    @Test func withoutAnyThereIsAnError() {
        #expect(throws: ComputeError.self) { try DefaultDevice(from: []) }
    }
}
