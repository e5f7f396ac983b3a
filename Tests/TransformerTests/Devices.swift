import Compute
import ComputeOpenCL
import ComputeVulkan
import TestDevices
import Testing

/// Runs `body` on lavapipe, and expects that the validation layer has nothing to say.
func onLavapipe(_ body: (any Device) throws -> Void) throws {
    let instance = try VulkanInstance(validates: true)
    try body(
        VulkanDevice(DeviceSelector("vulkan:llvmpipe"), in: instance, cacheDirectory: ProcessFolder.path))
    #expect(instance.validationMessages == [])
}

func pocl() throws -> any Device {
    try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: ProcessFolder.path)
}
