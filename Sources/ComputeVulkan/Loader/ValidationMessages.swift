import CVulkan
import Compute
import Synchronization

/// What the validation layer has complained of, on all connections of one kind.
final class ValidationMessages: Sendable {
    private let collected = Mutex<[String]>([])

    var all: [String] { collected.withLock { $0 } }

    func add(_ message: String) { collected.withLock { $0.append(message) } }

    /// Hears what the validation layer complains of to `instance`, which must outlive what is returned.
    func messenger(of instance: OpaquePointer, loader: VulkanLoader) throws(ComputeError) -> Owned<Tag.Messenger> {
        let create = try loader.function(
            "vkCreateDebugUtilsMessengerEXT", of: instance, as: PFN_vkCreateDebugUtilsMessengerEXT.self)
        let destroy = DestroyMessenger(
            instance: instance,
            call: try loader.function(
                "vkDestroyDebugUtilsMessengerEXT", of: instance, as: PFN_vkDestroyDebugUtilsMessengerEXT.self))
        var info = VkDebugUtilsMessengerCreateInfoEXT()
        info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT
        info.messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT.rawValue
            | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT.rawValue
        info.messageType =
            VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT.rawValue
            | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT.rawValue
        info.pUserData = Unmanaged.passUnretained(self).toOpaque()
        info.pfnUserCallback = { _, _, data, user in
            guard let user, let message = data?.pointee.pMessage else { return VkBool32(VK_FALSE) }
            Unmanaged<ValidationMessages>.fromOpaque(user).takeUnretainedValue().add(String(cString: message))
            return VkBool32(VK_FALSE)
        }
        var messenger: VkDebugUtilsMessengerEXT?
        let result = create(instance, &info, nil, &messenger)
        guard result == VK_SUCCESS, let messenger else {
            throw .unavailable(api: .vulkan, reason: "vkCreateDebugUtilsMessengerEXT gave \(result.rawValue)")
        }
        // The layer holds no reference to what it calls.
        return Owned(Handle(raw: messenger)) { messenger in
            withExtendedLifetime(self) { destroy.call(destroy.instance, messenger.raw, nil) }
        }
    }

    /// The one function that only an instance with the layer has.
    private struct DestroyMessenger: @unchecked Sendable {
        let instance: OpaquePointer
        let call: PFN_vkDestroyDebugUtilsMessengerEXT
    }
}
