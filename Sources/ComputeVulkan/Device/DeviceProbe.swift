import CVulkan
import Compute

/// What a physical device reports, fetched once.
struct DeviceProbe {
    let properties: VkPhysicalDeviceProperties
    let kind: DeviceDescription.Kind
    let memory: MemoryTypes
    /// Whether the driver tells how much of its memory is used.
    let hasMemoryBudget: Bool
    let maxAllocationSize: Int
    let driver: String
    let computeFamily: QueueFamily?
    /// Whether buffers for kernels can stand in memory of the host.
    let importsHostMemory: Bool
    /// Whether kernels may add four products of bytes by one instruction, and whether the device has one.
    let hasDotProducts: Bool
    let hasFastDotProducts: Bool
    /// What kernels may multiply on matrix units.
    let matrix: MatrixShape?
    /// By which other APIs know the device too.
    let uuid: [UInt8]
    private let subgroupProperties: VkPhysicalDeviceSubgroupProperties
    private let subgroupSizes: ClosedRange<Int>?

    init(_ device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions) {
        var arena = Arena()
        let subgroup = arena.put(VkPhysicalDeviceSubgroupProperties())
        subgroup.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES
        let identity = arena.put(VkPhysicalDeviceIDProperties())
        identity.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES
        identity.pointee.pNext = UnsafeMutableRawPointer(subgroup)
        let allocation = arena.put(VkPhysicalDeviceMaintenance3Properties())
        allocation.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES
        allocation.pointee.pNext = UnsafeMutableRawPointer(identity)
        let extensions = Self.extensions(of: device, functions: functions)
        let sizes = arena.put(VkPhysicalDeviceSubgroupSizeControlProperties())
        sizes.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES
        let controlsSize =
            extensions.contains(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)
            && Self.controlsSubgroupSize(device, functions: functions)
        if controlsSize { subgroup.pointee.pNext = UnsafeMutableRawPointer(sizes) }
        let dots = arena.put(VkPhysicalDeviceShaderIntegerDotProductProperties())
        dots.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES
        dots.pointee.pNext = allocation.pointee.pNext
        hasDotProducts =
            extensions.contains(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)
            && Self.addsProducts(device, functions: functions)
        if hasDotProducts { allocation.pointee.pNext = UnsafeMutableRawPointer(dots) }
        matrix = MatrixUnits.shape(of: device, extensions, functions: functions)
        var all = VkPhysicalDeviceProperties2()
        all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
        all.pNext = UnsafeMutableRawPointer(allocation)
        functions.getPhysicalDeviceProperties2(device.raw, &all)

        properties = all.properties
        hasFastDotProducts = dots.pointee.integerDotProduct4x8BitPackedSignedAccelerated != 0
        uuid = withUnsafeBytes(of: identity.pointee.deviceUUID) { Array($0) }
        maxAllocationSize = Int(clamping: allocation.pointee.maxMemoryAllocationSize)
        subgroupProperties = subgroup.pointee
        let (least, most) = (Int(sizes.pointee.minSubgroupSize), Int(sizes.pointee.maxSubgroupSize))
        let stages = sizes.pointee.requiredSubgroupSizeStages
        subgroupSizes =
            controlsSize && stages & VK_SHADER_STAGE_COMPUTE_BIT.rawValue != 0 && least > 0 && least <= most
            ? least...most : nil
        let version = properties.driverVersion
        driver = "\(version >> 22).\(version >> 12 & 0x3ff).\(version & 0xfff)"
        kind = DeviceDescription.Kind(properties.deviceType)
        memory = MemoryTypes(device, kind: kind, functions: functions)
        hasMemoryBudget = extensions.contains(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)
        computeFamily = QueueFamily.best(of: Self.queueFamilies(of: device, functions: functions))
        importsHostMemory =
            extensions.contains(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME)
            && Self.importsBuffers(device, functions: functions)
    }

    /// The subgroup size that kernels may count on, 1 without subgroup arithmetic, and whether pipelines must ask for
    /// it.
    func subgroup() -> (size: Int, required: Int?) {
        let size = Int(subgroupProperties.subgroupSize)
        let adds = subgroupProperties.supportedOperations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT.rawValue != 0
        let computes = subgroupProperties.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT.rawValue != 0
        guard adds, computes, size > 1 else { return (1, nil) }
        guard let subgroupSizes, subgroupSizes.count > 1 else {
            // Without size control only a driver of one size, as CPU drivers are, keeps to the size that it reports.
            return subgroupSizes != nil || kind == .cpu ? (size, nil) : (1, nil)
        }
        // Half as many lanes have twice the registers each: AMD's devices report 64 and Intel's 32, where sums spill.
        let wanted = properties.vendorID == Self.intel ? 16 : 32
        let chosen = subgroupSizes.contains(wanted) ? wanted : size
        return (chosen, chosen)
    }

    private static let intel: UInt32 = 0x8086

    /// Whether pipelines may ask for full subgroups of a size.
    private static func controlsSubgroupSize(
        _ device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions
    ) -> Bool {
        var arena = Arena()
        let control = arena.put(VkPhysicalDeviceSubgroupSizeControlFeatures())
        control.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES
        var features = VkPhysicalDeviceFeatures2()
        features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
        features.pNext = UnsafeMutableRawPointer(control)
        functions.getPhysicalDeviceFeatures2(device.raw, &features)
        return control.pointee.subgroupSizeControl != 0 && control.pointee.computeFullSubgroups != 0
    }

    /// Whether kernels may add products of bytes by the instruction for that.
    private static func addsProducts(_ device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions) -> Bool {
        var arena = Arena()
        let dots = arena.put(VkPhysicalDeviceShaderIntegerDotProductFeatures())
        dots.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES
        var features = VkPhysicalDeviceFeatures2()
        features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
        features.pNext = UnsafeMutableRawPointer(dots)
        functions.getPhysicalDeviceFeatures2(device.raw, &features)
        return dots.pointee.shaderIntegerDotProduct != 0
    }

    static func extensions(
        of device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions
    ) -> Set<String> {
        var count: UInt32 = 0
        _ = functions.enumerateDeviceExtensionProperties(device.raw, nil, &count, nil)
        var found = [VkExtensionProperties](repeating: VkExtensionProperties(), count: Int(count))
        _ = functions.enumerateDeviceExtensionProperties(device.raw, nil, &count, &found)
        return Set(found.map { text($0.extensionName) })
    }

    private static func queueFamilies(
        of device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions
    ) -> [QueueFamily] {
        var count: UInt32 = 0
        functions.getPhysicalDeviceQueueFamilyProperties(device.raw, &count, nil)
        var families = [VkQueueFamilyProperties](repeating: VkQueueFamilyProperties(), count: Int(count))
        functions.getPhysicalDeviceQueueFamilyProperties(device.raw, &count, &families)
        return families.enumerated().map { index, family in
            QueueFamily(
                index: index, queueCount: Int(family.queueCount),
                computes: family.queueFlags & VK_QUEUE_COMPUTE_BIT.rawValue != 0,
                draws: family.queueFlags & VK_QUEUE_GRAPHICS_BIT.rawValue != 0,
                timestampBits: Int(family.timestampValidBits))
        }
    }

    private static func importsBuffers(
        _ device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions
    ) -> Bool {
        var info = VkPhysicalDeviceExternalBufferInfo()
        info.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO
        info.usage = Slab.usage
        info.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT
        var found = VkExternalBufferProperties()
        found.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES
        functions.getPhysicalDeviceExternalBufferProperties(device.raw, &info, &found)
        let features = found.externalMemoryProperties.externalMemoryFeatures
        return features & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT.rawValue != 0
    }
}
