import COpenCL
import Compute

/// A device as the driver describes it, before it is opened.
struct PlatformDevice: Sendable {
    var handle: Handle<Tag.Device>
    let platform: Handle<Tag.Platform>
    private(set) var description: DeviceDescription
    let limits: DeviceLimits
    /// Why the device cannot be used, if it cannot.
    let fault: String?
    /// The groups that every dispatch must have, where the driver needs that.
    let fixedGroups: Int?
    /// Whether the driver's compiler works in several threads at once. PoCL's has one lock for the whole process: two
    /// threads were measured to take longer than one.
    let compilesInParallel: Bool
    /// Whether kernels tell where their code stands, for the caller's thread to run it (`CompiledFunction`).
    let compilesForCaller: Bool
    /// By which other APIs know the device too, where the driver tells (`cl_khr_device_uuid`).
    let uuid: [UInt8]?
    /// Whether it can be divided into sub-devices of any numbers of compute units.
    let dividesByCounts: Bool

    init(_ handle: Handle<Tag.Device>, of platform: cl_platform_id, index: Int, functions: OpenCLFunctions) {
        self.handle = handle
        self.platform = Handle(raw: platform)
        let probe = DeviceProbe(device: handle, functions: functions)
        let sharesMemory = probe.number(CL_DEVICE_HOST_UNIFIED_MEMORY, cl_bool.self) != 0
        let kind: DeviceDescription.Kind =
            switch UInt64(probe.number(CL_DEVICE_TYPE, cl_device_type.self)) {
            case let type where type & UInt64(CL_DEVICE_TYPE_GPU) != 0: sharesMemory ? .integrated : .discrete
            case let type where type & UInt64(CL_DEVICE_TYPE_CPU) != 0: .cpu
            default: .other
            }
        let platformName = Self.name(of: platform, functions: functions)
        let isPoCL = PoCL.isDriver(platform: platformName)
        fixedGroups = isPoCL ? PoCL.groups : nil
        compilesInParallel = !isPoCL
        description = DeviceDescription(
            api: .opencl, index: index, name: probe.text(CL_DEVICE_NAME), kind: kind,
            driver: "\(platformName) \(probe.text(CL_DRIVER_VERSION))",
            memoryByteCount: probe.number(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong.self))
        compilesForCaller =
            isPoCL && PoCL.compilesForCaller(device: description.name, driver: description.driver)
        limits = Self.limits(probe, kind: kind)
        uuid = Self.uuid(probe)
        fault = Self.fault(probe, sharesMemory: sharesMemory)
        dividesByCounts = probe.list(CL_DEVICE_PARTITION_PROPERTIES, cl_device_partition_property.self)
            .contains(cl_device_partition_property(CL_DEVICE_PARTITION_BY_COUNTS))
    }

    private static func name(of platform: cl_platform_id, functions: OpenCLFunctions) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        _ = functions.getPlatformInfo(platform, cl_platform_info(CL_PLATFORM_NAME), bytes.count, &bytes, nil)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func uuid(_ probe: DeviceProbe) -> [UInt8]? {
        // `CL_DEVICE_UUID_KHR`, which the headers of OpenCL 1.2 lack.
        let fact: Int32 = 0x106A
        guard probe.text(CL_DEVICE_EXTENSIONS).split(separator: " ").contains("cl_khr_device_uuid") else { return nil }
        return probe.list(fact, UInt8.self)
    }

    private static func limits(_ probe: DeviceProbe, kind: DeviceDescription.Kind) -> DeviceLimits {
        // A CPU computes in vectors, not in lanes: a group of one, as wide as its registers, was measured to be
        // fastest.
        let isCPU = kind == .cpu
        let width = probe.number(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint.self)
        let maxGroupSize = probe.number(CL_DEVICE_MAX_WORK_GROUP_SIZE, Int.self)
        let maxAllocation = probe.number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong.self)
        let parameterBytes = 4 * (Parameters.capacity + 2)
        let argumentBytes = probe.number(CL_DEVICE_MAX_PARAMETER_SIZE, Int.self)
        let dotProducts = dotProducts(probe)
        return DeviceLimits(
            maxBindingSize: maxAllocation, maxAllocationSize: maxAllocation, maxTexelElements: 0,
            maxBindings: max(0, argumentBytes - parameterBytes) / MemoryLayout<cl_mem>.size,
            maxGroupSize: maxGroupSize, maxGroupCount: Int(Int32.max) / max(1, maxGroupSize),
            maxParameterBytes: parameterBytes, subgroupSize: 1, groupSize: isCPU ? 1 : min(32, maxGroupSize),
            vectorWidth: !isCPU || width < 8 ? 4 : width < 16 ? 8 : 16,
            sharedMemoryBytes: isCPU ? 0 : probe.number(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong.self),
            // Measured on CPUs: prefill is 2.7 times as fast with vectors of eight.
            prefersIntegerProducts: isCPU
                ? width < 16 ? width >= 8 : weft_has_vpdpbusd() != 0 : dotProducts.areFast,
            hasDotProducts: dotProducts.areThere,
            computeUnits: max(1, probe.number(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint.self)), importsHostMemory: isCPU)
    }

    /// Whether kernels may add four products of signed bytes by one call, and whether the device has an instruction for
    /// it.
    private static func dotProducts(_ probe: DeviceProbe) -> (areThere: Bool, areFast: Bool) {
        // `CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_4x8BIT_PACKED_KHR`, which headers lack; signed first.
        let fact: Int32 = 0x1075
        let isThere = probe.text(CL_DEVICE_EXTENSIONS).split(separator: " ").contains("cl_khr_integer_dot_product")
        return (isThere, isThere && probe.list(fact, cl_bool.self).first.map { $0 != 0 } ?? false)
    }

    private static func fault(_ probe: DeviceProbe, sharesMemory: Bool) -> String? {
        if probe.number(CL_DEVICE_AVAILABLE, cl_bool.self) == 0 { return "its driver says that it is not available" }
        if probe.number(CL_DEVICE_COMPILER_AVAILABLE, cl_bool.self) == 0 { return "its driver has no compiler" }
        if probe.number(CL_DEVICE_ENDIAN_LITTLE, cl_bool.self) == 0 { return "it is big-endian" }
        return sharesMemory ? nil : "its memory is apart from the host's, which only the Vulkan backend knows to handle"
    }

    /// The device at another place of the list.
    func numbered(_ index: Int) -> PlatformDevice {
        var device = self
        device.description.index = index
        return device
    }
}
