package import Compute
package import Kernels

/// A device with its kernels and a lane: where cases are run.
package struct Workbench {
    package let device: any Device
    let kernels: KernelSet
    let lane: any Lane

    var limits: DeviceLimits { kernels.limits }

    /// Whether infinities and what is no number behave as IEEE 754 says. OpenCL demands it; Vulkan leaves it to the
    /// driver where the extension for float controls is not asked for.
    var isIEEE: Bool { device.description.api != .vulkan }

    /// - Parameter kernels: those of the device; altered ones show whether the harness notices.
    package init(_ kernels: KernelSet) throws(ComputeError) {
        device = kernels.device
        self.kernels = kernels
        lane = try device.makeLane(label: "shader test")
    }
}
