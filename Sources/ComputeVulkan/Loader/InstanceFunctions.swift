import CVulkan
import Compute

/// Vulkan's functions of an instance and its physical devices.
struct InstanceFunctions: @unchecked Sendable {
    let destroyInstance: PFN_vkDestroyInstance
    let enumeratePhysicalDevices: PFN_vkEnumeratePhysicalDevices
    let getPhysicalDeviceProperties2: PFN_vkGetPhysicalDeviceProperties2
    let getPhysicalDeviceMemoryProperties: PFN_vkGetPhysicalDeviceMemoryProperties
    let getPhysicalDeviceMemoryProperties2: PFN_vkGetPhysicalDeviceMemoryProperties2
    let getPhysicalDeviceQueueFamilyProperties: PFN_vkGetPhysicalDeviceQueueFamilyProperties
    let getPhysicalDeviceFeatures2: PFN_vkGetPhysicalDeviceFeatures2
    let enumerateDeviceExtensionProperties: PFN_vkEnumerateDeviceExtensionProperties
    let getPhysicalDeviceExternalBufferProperties: PFN_vkGetPhysicalDeviceExternalBufferProperties
    /// `nil` where the loader knows no matrix units.
    let getCooperativeMatrixProperties: WeftGetCooperativeMatrixProperties?
    let createDevice: PFN_vkCreateDevice
    let getDeviceProcAddr: PFN_vkGetDeviceProcAddr

    init(_ instance: OpaquePointer, loader: VulkanLoader) throws(ComputeError) {
        destroyInstance = try loader.function("vkDestroyInstance", of: instance, as: PFN_vkDestroyInstance.self)
        enumeratePhysicalDevices = try loader.function(
            "vkEnumeratePhysicalDevices", of: instance, as: PFN_vkEnumeratePhysicalDevices.self)
        getPhysicalDeviceProperties2 = try loader.function(
            "vkGetPhysicalDeviceProperties2", of: instance, as: PFN_vkGetPhysicalDeviceProperties2.self)
        getPhysicalDeviceMemoryProperties = try loader.function(
            "vkGetPhysicalDeviceMemoryProperties", of: instance, as: PFN_vkGetPhysicalDeviceMemoryProperties.self)
        getPhysicalDeviceMemoryProperties2 = try loader.function(
            "vkGetPhysicalDeviceMemoryProperties2", of: instance, as: PFN_vkGetPhysicalDeviceMemoryProperties2.self)
        getPhysicalDeviceQueueFamilyProperties = try loader.function(
            "vkGetPhysicalDeviceQueueFamilyProperties", of: instance,
            as: PFN_vkGetPhysicalDeviceQueueFamilyProperties.self)
        getPhysicalDeviceFeatures2 = try loader.function(
            "vkGetPhysicalDeviceFeatures2", of: instance, as: PFN_vkGetPhysicalDeviceFeatures2.self)
        enumerateDeviceExtensionProperties = try loader.function(
            "vkEnumerateDeviceExtensionProperties", of: instance, as: PFN_vkEnumerateDeviceExtensionProperties.self)
        getPhysicalDeviceExternalBufferProperties = try loader.function(
            "vkGetPhysicalDeviceExternalBufferProperties", of: instance,
            as: PFN_vkGetPhysicalDeviceExternalBufferProperties.self)
        getCooperativeMatrixProperties = try? loader.function(
            "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", of: instance,
            as: WeftGetCooperativeMatrixProperties.self)
        createDevice = try loader.function("vkCreateDevice", of: instance, as: PFN_vkCreateDevice.self)
        getDeviceProcAddr = try loader.function("vkGetDeviceProcAddr", of: instance, as: PFN_vkGetDeviceProcAddr.self)
    }
}
