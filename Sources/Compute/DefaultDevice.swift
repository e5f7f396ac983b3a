/// The device that is used where none is named, and why.
package struct DefaultDevice: Sendable, Hashable {
    package let description: DeviceDescription
    /// For the user: `the first GPU`.
    package let reason: String

    /// A GPU through Vulkan or CUDA if there is one, through whichever is faster if both reach one, else OpenCL on the
    /// CPU, which was measured to be the fastest there, else what Vulkan makes of the CPU, lavapipe before others.
    ///
    /// - Parameter seconds: measures a device, if it must be; `nil` where it fails.
    /// - Throws: `ComputeError.unavailable` where there is no device.
    package init(
        from devices: [DeviceDescription], seconds: (DeviceDescription) -> Double?
    ) throws(ComputeError) {
        func first(_ api: DeviceAPI, _ matches: (DeviceDescription) -> Bool) -> DeviceDescription? {
            let matching = devices.filter { $0.api == api && matches($0) }
            return try? DeviceSelector(api: api, which: .best).choose(from: matching)
        }
        let (vulkan, cuda) = (first(.vulkan, \.isGPU), first(.cuda, \.isGPU))
        if let vulkan, let cuda {
            self.init(vulkan, seconds(vulkan), or: cuda, seconds(cuda))
        } else if let vulkan {
            self.init(description: vulkan, reason: "a GPU, through Vulkan")
        } else if let cuda {
            self.init(description: cuda, reason: "a GPU, through CUDA, as Vulkan offers none")
        } else if let gpu = first(.opencl, \.isGPU) {
            self.init(description: gpu, reason: "a GPU, through OpenCL, as Vulkan offers none")
        } else if let cpu = first(.opencl, { !$0.isGPU }) {
            self.init(description: cpu, reason: "there is no GPU, and OpenCL is the fastest on the CPU")
        } else if let cpu = first(.vulkan, { _ in true }) {
            self.init(description: cpu, reason: "there is no GPU, and OpenCL has no driver here")
        } else {
            throw .unavailable(api: .vulkan, reason: "no driver of any API offers a device")
        }
    }

    /// The faster of two ways to a GPU; Vulkan, which more has been seen of, where neither can be measured.
    private init(_ vulkan: DeviceDescription, _ onVulkan: Double?, or cuda: DeviceDescription, _ onCUDA: Double?) {
        func text(_ seconds: Double) -> String { "\((seconds * 1e5).rounded() / 100) ms" }
        switch (onVulkan, onCUDA) {
        case (let onVulkan?, let onCUDA?):
            let isCUDA = onCUDA < onVulkan
            self.init(
                description: isCUDA ? cuda : vulkan,
                reason: "a GPU, through \(isCUDA ? "CUDA" : "Vulkan"), which took \(text(min(onCUDA, onVulkan))) for "
                    + "the measured self-test, and \(isCUDA ? "Vulkan" : "CUDA") \(text(max(onCUDA, onVulkan)))")
        case (nil, _?):
            self.init(description: cuda, reason: "a GPU, through CUDA, as it failed its self-test through Vulkan")
        case (_?, nil):
            self.init(description: vulkan, reason: "a GPU, through Vulkan, as it failed its self-test through CUDA")
        case (nil, nil): self.init(description: vulkan, reason: "a GPU, through Vulkan")
        }
    }

    private init(description: DeviceDescription, reason: String) {
        self.description = description
        self.reason = reason
    }
}

extension DeviceDescription {
    /// Whether it is a device of its own and not the CPU in disguise.
    package var isGPU: Bool { kind == .discrete || kind == .integrated || kind == .virtual }
}
