/// The device that is used where none is named, and why.
package struct DefaultDevice: Sendable, Hashable {
    package let description: DeviceDescription
    /// For the user: `the first GPU`.
    package let reason: String

    /// A GPU through Vulkan if there is one, else OpenCL on the CPU, which was measured to be the fastest there, else
    /// what Vulkan makes of the CPU, lavapipe before others.
    ///
    /// - Throws: `ComputeError.unavailable` where there is no device.
    package init(from devices: [DeviceDescription]) throws(ComputeError) {
        func first(_ api: DeviceAPI, _ matches: (DeviceDescription) -> Bool) -> DeviceDescription? {
            let matching = devices.filter { $0.api == api && matches($0) }
            return try? DeviceSelector(api: api, which: .best).choose(from: matching)
        }
        if let gpu = first(.vulkan, \.isGPU) {
            self.init(description: gpu, reason: "a GPU, through Vulkan")
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

    private init(description: DeviceDescription, reason: String) {
        self.description = description
        self.reason = reason
    }
}

extension DeviceDescription {
    /// Whether it is a device of its own and not the CPU in disguise.
    package var isGPU: Bool { kind == .discrete || kind == .integrated || kind == .virtual }
}
