import Compute
import Testing

struct DefaultDeviceTests {
    private func device(
        _ api: DeviceAPI, _ index: Int, _ kind: DeviceDescription.Kind, _ name: String = "device"
    ) -> DeviceDescription {
        DeviceDescription(api: api, index: index, name: name, kind: kind, driver: "1", memoryByteCount: 1 << 30)
    }

    /// Nothing is measured but where there are two ways to a GPU.
    private func choose(from devices: [DeviceDescription]) throws -> DefaultDevice {
        try DefaultDevice(from: devices) { device in
            Issue.record("\(device.selector) was measured")
            return nil
        }
    }

    @Test func aGPUThroughVulkanIsFirst() throws {
        let choice = try choose(from: [
            device(.opencl, 0, .discrete), device(.vulkan, 0, .cpu), device(.vulkan, 1, .integrated),
            device(.vulkan, 2, .discrete),
        ])
        #expect(choice.description.selector == "vulkan:2")
        #expect(choice.reason.contains("GPU"))
    }

    @Test func withoutAGPUItIsOpenCLOnTheCPU() throws {
        let choice = try choose(from: [
            device(.vulkan, 0, .cpu, "llvmpipe"), device(.opencl, 0, .cpu, "pthread"),
        ])
        #expect(choice.description.selector == "opencl:0")
        #expect(choice.reason == "there is no GPU, and OpenCL is the fastest on the CPU")
    }

    @Test func withoutOpenCLItIsLavapipe() throws {
        let choice = try choose(from: [
            device(.vulkan, 0, .cpu, "SwiftShader"), device(.vulkan, 1, .cpu, "llvmpipe (LLVM 15)"),
        ])
        #expect(choice.description.selector == "vulkan:1")
    }

    @Test func withoutAnyThereIsAnError() {
        #expect(throws: ComputeError.self) { try choose(from: []) }
    }

    /// A GPU that Vulkan and CUDA reach is used in the faster way.
    @Test(
        arguments: [
            (0.25, 0.125, "cuda:0"), (0.125, 0.25, "vulkan:1"), (nil, 0.25, "cuda:0"), (0.25, nil, "vulkan:1"),
        ] as [(Double?, Double?, String)])
    func theFasterWayToAGPUIsTaken(_ vulkan: Double?, _ cuda: Double?, _ expected: String) throws {
        let devices = [device(.vulkan, 0, .cpu), device(.vulkan, 1, .discrete), device(.cuda, 0, .discrete)]
        let choice = try DefaultDevice(from: devices) { $0.api == .cuda ? cuda : vulkan }
        #expect(choice.description.selector == expected)
        if vulkan != nil, cuda != nil {
            #expect(choice.reason.contains("125.0 ms for the measured self-test") && choice.reason.contains("250.0 ms"))
        } else {
            #expect(choice.reason.contains("failed its self-test through \(vulkan == nil ? "Vulkan" : "CUDA")"))
        }
    }

    @Test func whereVulkanOffersNoGPUItIsCUDA() throws {
        let choice = try choose(from: [
            device(.vulkan, 0, .cpu), device(.opencl, 0, .discrete), device(.cuda, 0, .discrete),
        ])
        #expect(
            choice.description.selector == "cuda:0" && choice.reason == "a GPU, through CUDA, as Vulkan offers none")
    }
}
