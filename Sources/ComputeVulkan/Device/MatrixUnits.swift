import CVulkan
import Compute

/// A device's matrix units, by `VK_KHR_cooperative_matrix`.
enum MatrixUnits {
    /// What kernels of matrices need besides; all three are asked for when a device is opened.
    static let extensions = [WEFT_COOPERATIVE_MATRIX, "VK_KHR_vulkan_memory_model", "VK_KHR_shader_float16_int8"]

    /// What a subgroup multiplies at once: of what the driver lists of halves with sums in single precision, the
    /// largest; `nil` where it lists none, or lacks a feature that kernels need.
    static func shape(
        of device: Handle<Tag.PhysicalDevice>, _ extensions: Set<String>, functions: InstanceFunctions
    ) -> MatrixShape? {
        guard Self.extensions.allSatisfy(extensions.contains), hasFeatures(device, functions: functions),
            let call = functions.getCooperativeMatrixProperties
        else { return nil }
        var count: UInt32 = 0
        guard call(device.raw, &count, nil) == VK_SUCCESS else { return nil }
        var empty = WeftCooperativeMatrixProperties()
        empty.sType = Int32(WEFT_COOPERATIVE_MATRIX_PROPERTIES)
        var found = [WeftCooperativeMatrixProperties](repeating: empty, count: Int(count))
        guard call(device.raw, &count, &found) == VK_SUCCESS else { return nil }
        let (half, single, subgroup): (Int32, Int32, Int32) = (0, 1, 3)
        return found.prefix(Int(count)).filter {
            $0.a == half && $0.b == half && $0.c == single && $0.result == single && $0.scope == subgroup
                && $0.m <= 16 && $0.n <= 16 && $0.k <= 32
        }
        .map { MatrixShape(rows: Int($0.m), columns: Int($0.n), depth: Int($0.k)) }
        .max { $0.rows * $0.columns * $0.depth < $1.rows * $1.columns * $1.depth }
    }

    private static func hasFeatures(_ device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions) -> Bool {
        var arena = Arena()
        let chain = Features(in: &arena, enabled: VkBool32(VK_FALSE), before: nil)
        var features = VkPhysicalDeviceFeatures2()
        features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
        features.pNext = UnsafeMutableRawPointer(chain.matrices)
        functions.getPhysicalDeviceFeatures2(device.raw, &features)
        return chain.matrices.pointee.cooperativeMatrix != 0 && chain.memory.pointee.vulkanMemoryModel != 0
            && chain.halves.pointee.shaderFloat16 != 0
    }

    /// The features that kernels of matrices need, in a chain.
    struct Features {
        let matrices: UnsafeMutablePointer<WeftCooperativeMatrixFeatures>
        let memory: UnsafeMutablePointer<VkPhysicalDeviceVulkanMemoryModelFeatures>
        let halves: UnsafeMutablePointer<VkPhysicalDeviceShaderFloat16Int8Features>

        /// - Parameter next: what the chain goes on with.
        init(in arena: inout Arena, enabled: VkBool32, before next: UnsafeRawPointer?) {
            halves = arena.put(VkPhysicalDeviceShaderFloat16Int8Features())
            halves.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES
            halves.pointee.shaderFloat16 = enabled
            halves.pointee.pNext = UnsafeMutableRawPointer(mutating: next)
            memory = arena.put(VkPhysicalDeviceVulkanMemoryModelFeatures())
            memory.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES
            memory.pointee.vulkanMemoryModel = enabled
            memory.pointee.pNext = UnsafeMutableRawPointer(halves)
            matrices = arena.put(WeftCooperativeMatrixFeatures())
            matrices.pointee.sType = Int32(WEFT_COOPERATIVE_MATRIX_FEATURES)
            matrices.pointee.cooperativeMatrix = enabled
            matrices.pointee.pNext = UnsafeMutableRawPointer(memory)
        }
    }
}
