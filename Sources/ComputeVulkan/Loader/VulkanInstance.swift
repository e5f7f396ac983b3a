import CVulkan
package import Compute
import Glibc
import Synchronization

/// A connection to Vulkan's loader: where devices are found and opened.
package final class VulkanInstance: Sendable {
    /// Stands before the instance, so that it goes first.
    private let messenger: Owned<Tag.Messenger>?
    private let messages: ValidationMessages?
    private let instance: Owned<Tag.Instance>
    let functions: InstanceFunctions

    var handle: Handle<Tag.Instance> { instance.handle }

    /// - Parameter validates: whether the validation layer watches every call; see `validationMessages`.
    /// - Throws: `ComputeError.unavailable` without a loader, a driver, or the layer asked for.
    package convenience init(validates: Bool = false) throws(ComputeError) {
        try self.init(messages: validates ? ValidationMessages() : nil)
    }

    /// One more connection, whose messages are the other's too.
    convenience init(beside other: VulkanInstance) throws(ComputeError) {
        try self.init(messages: other.messages)
    }

    private init(messages: ValidationMessages?) throws(ComputeError) {
        Lavapipe.prepareEnvironment
        let loader = try VulkanLoader()
        var arena = Arena()
        let application = arena.put(VkApplicationInfo())
        application.pointee.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO
        application.pointee.pApplicationName = arena.string("weft")
        application.pointee.apiVersion = 1 << 22 | 1 << 12

        var info = VkInstanceCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
        info.pApplicationInfo = UnsafePointer(application)
        if messages != nil {
            info.enabledLayerCount = 1
            info.ppEnabledLayerNames = arena.strings(["VK_LAYER_KHRONOS_validation"])
            info.enabledExtensionCount = 1
            info.ppEnabledExtensionNames = arena.strings([VK_EXT_DEBUG_UTILS_EXTENSION_NAME])
        }
        let create = try loader.function("vkCreateInstance", of: nil, as: PFN_vkCreateInstance.self)
        var raw: VkInstance?
        let result = create(&info, nil, &raw)
        guard result == VK_SUCCESS, let raw else {
            throw .unavailable(api: .vulkan, reason: Self.reason(result))
        }
        let functions = try InstanceFunctions(raw, loader: loader)
        instance = Owned(Handle(raw: raw)) { functions.destroyInstance($0.raw, nil) }
        self.functions = functions
        self.messages = messages
        messenger = if let messages { try messages.messenger(of: raw, loader: loader) } else { nil }
    }

    private static func reason(_ result: VkResult) -> String {
        switch result {
        case VK_ERROR_LAYER_NOT_PRESENT: "the validation layer is not installed"
        case VK_ERROR_INCOMPATIBLE_DRIVER: "no driver is installed"
        default: "vkCreateInstance gave \(result.rawValue)"
        }
    }

    /// What the validation layer has complained of so far; empty without it.
    package var validationMessages: [String] { messages?.all ?? [] }

    /// The devices that all installed drivers offer.
    package func devices() throws(ComputeError) -> [DeviceDescription] {
        try physicalDevices().map(\.description)
    }

    /// The same devices, with what tells the physical ones behind them.
    package func probe() throws(ComputeError) -> [ProbedDevice] {
        try physicalDevices().map { ProbedDevice($0.description, uuid: $0.uuid) }
    }

    func physicalDevices() throws(ComputeError) -> [PhysicalDevice] {
        var count: UInt32 = 0
        _ = functions.enumeratePhysicalDevices(handle.raw, &count, nil)
        var raw = [VkPhysicalDevice?](repeating: nil, count: Int(count))
        let result = functions.enumeratePhysicalDevices(handle.raw, &count, &raw)
        guard result == VK_SUCCESS, count > 0 else {
            throw .unavailable(api: .vulkan, reason: "no driver offers a device")
        }
        return raw.compactMap { $0 }.enumerated().map { index, device in
            PhysicalDevice(Handle(raw: device), index: index, functions: functions)
        }
    }
}
