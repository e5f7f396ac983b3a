import CVulkan
import Compute
import Glibc

/// Vulkan's loader library, opened at run time so that the program starts on machines without it.
struct VulkanLoader: @unchecked Sendable {
    let getInstanceProcAddr: PFN_vkGetInstanceProcAddr

    init() throws(ComputeError) {
        guard let library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL) else {
            throw .unavailable(api: .vulkan, reason: "libvulkan.so.1 cannot be opened")
        }
        guard let symbol = dlsym(library, "vkGetInstanceProcAddr") else {
            throw .unavailable(api: .vulkan, reason: "libvulkan.so.1 has no vkGetInstanceProcAddr")
        }
        getInstanceProcAddr = unsafeBitCast(symbol, to: PFN_vkGetInstanceProcAddr.self)
    }

    /// A function of the loader, or of `instance`.
    func function<Function>(
        _ name: String, of instance: OpaquePointer?, as type: Function.Type
    ) throws(ComputeError) -> Function {
        guard let function = unsafeBitCast(getInstanceProcAddr(instance, name), to: Function?.self) else {
            throw .unavailable(api: .vulkan, reason: "\(name) is missing")
        }
        return function
    }
}
