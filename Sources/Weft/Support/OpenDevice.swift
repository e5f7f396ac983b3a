import Compute
import ComputeVulkan
import Foundation

/// The device that a command works on, and the Vulkan instance behind it.
struct OpenDevice {
    let device: any Device
    private let instance: VulkanInstance

    /// - Throws: `ComputeError`, which names what is wrong with the device or its name.
    init(_ selector: String) throws {
        let selector = try DeviceSelector(selector)
        guard selector.api == .vulkan else {
            throw ComputeError.unavailable(api: selector.api, reason: "this version of weft drives Vulkan devices only")
        }
        instance = try Self.instance()
        device = try VulkanDevice(selector, in: instance, cacheDirectory: Folders.kernels)
    }

    /// With `WEFT_VALIDATION=1` in the environment the validation layer watches every Vulkan call.
    static func instance() throws -> VulkanInstance {
        try VulkanInstance(validates: ProcessInfo.processInfo.environment["WEFT_VALIDATION"] == "1")
    }

    /// - Throws: `CommandError` with what the validation layer complained of.
    func checkValidation() throws {
        if let first = instance.validationMessages.first {
            throw CommandError("\(instance.validationMessages.count) validation messages; the first: \(first)")
        }
    }
}
