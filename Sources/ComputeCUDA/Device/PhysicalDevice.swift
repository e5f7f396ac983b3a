import CCUDA
package import Compute

/// A device as the driver describes it, before it is opened.
struct PhysicalDevice: Sendable {
    let handle: weft_CUdevice
    let description: DeviceDescription
    let limits: DeviceLimits
    let facts: DeviceFacts
    /// Why the device cannot be used, if it cannot.
    let fault: String?
    let uuid: [UInt8]?
    /// Compute capability: 90 for 9.0.
    let capability: Int
    /// Whether the driver ends kernels that take long, as it does where the device shows a desktop.
    let hasWatchdog: Bool
    /// What it can be divided into.
    let multiprocessors: Multiprocessors?

    init(_ ordinal: CInt, driver: String, functions: CUDAFunctions) throws(ComputeError) {
        var handle: weft_CUdevice = 0
        let code = functions.deviceGet(&handle, ordinal)
        guard code == WEFT_CUDA_SUCCESS else {
            throw .unavailable(api: .cuda, reason: "device \(ordinal): \(functions.text(code))")
        }
        let device = handle
        func attribute(_ attribute: CInt) -> Int {
            var value: CInt = 0
            return functions.deviceGetAttribute(&value, attribute, device) == WEFT_CUDA_SUCCESS ? Int(value) : 0
        }
        self.handle = handle
        let isIntegrated = attribute(WEFT_CU_DEVICE_ATTRIBUTE_INTEGRATED) != 0
        description = DeviceDescription(
            api: .cuda, index: Int(ordinal), name: Self.name(of: handle, functions),
            kind: isIntegrated ? .integrated : .discrete, driver: driver,
            memoryByteCount: Self.memory(of: handle, functions))
        uuid = Self.uuid(of: handle, functions)
        capability =
            10 * attribute(WEFT_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
            + attribute(WEFT_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
        hasWatchdog = attribute(WEFT_CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT) != 0
        multiprocessors = functions.green.flatMap { [capability] in
            Multiprocessors(of: device, capability: capability, functions: $0)
        }
        facts = Self.facts(description, attribute)
        limits = Self.limits(
            description, facts, capability, units: multiprocessors?.count ?? 1, isIntegrated: isIntegrated, attribute)
        fault = Self.fault(capability: capability, attribute)
    }

    private static func name(of device: weft_CUdevice, _ functions: CUDAFunctions) -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        _ = functions.deviceGetName(&bytes, CInt(bytes.count), device)
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func memory(of device: weft_CUdevice, _ functions: CUDAFunctions) -> Int {
        var bytes = 0
        return functions.deviceTotalMem(&bytes, device) == WEFT_CUDA_SUCCESS ? bytes : 0
    }

    private static func uuid(of device: weft_CUdevice, _ functions: CUDAFunctions) -> [UInt8]? {
        var uuid = weft_CUuuid()
        guard functions.deviceGetUuid(&uuid, device) == WEFT_CUDA_SUCCESS else { return nil }
        return withUnsafeBytes(of: uuid) { Array($0) }
    }

    /// What the driver reports, in place of what is known of such devices.
    private static func facts(_ description: DeviceDescription, _ attribute: (CInt) -> Int) -> DeviceFacts {
        var facts = DeviceFacts(description)
        func set(_ fact: WritableKeyPath<DeviceFacts, Int>, _ value: Int) {
            if value > 0 { facts[keyPath: fact] = value }
        }
        let subgroup = max(1, attribute(WEFT_CU_DEVICE_ATTRIBUTE_WARP_SIZE))
        set(\.computeUnits, attribute(WEFT_CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT))
        set(\.subgroupSize, subgroup)
        set(\.subgroupsPerUnit, attribute(WEFT_CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR) / subgroup)
        set(\.registerBytesPerUnit, 4 * attribute(WEFT_CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR))
        set(\.sharedBytesPerUnit, attribute(WEFT_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR))
        set(\.sharedBytesPerGroup, attribute(WEFT_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK))
        set(\.maxGroupSize, attribute(WEFT_CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK))
        // Two transfers a clock, which is in kHz; newer drivers do not tell it.
        let clock = 1e3 * Double(attribute(WEFT_CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE))
        let bytesAClock = Double(attribute(WEFT_CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH)) / 8
        if clock * bytesAClock > 0 { facts.bandwidth = 2 * clock * bytesAClock }
        return facts
    }

    private static func limits(
        _ description: DeviceDescription, _ facts: DeviceFacts, _ capability: Int, units: Int, isIntegrated: Bool,
        _ attribute: (CInt) -> Int
    ) -> DeviceLimits {
        var limits = DeviceLimits(facts)
        // A kernel sees all of any buffer.
        limits.maxBindingSize = 1 << 40
        limits.maxAllocationSize = description.memoryByteCount
        limits.maxGroupCount = max(1, attribute(WEFT_CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X))
        limits.computeUnits = units
        limits.matrix = capability >= 70 ? .ofWarps : nil
        limits.importsHostMemory = isIntegrated
        limits.seesDeviceMemory = isIntegrated
        return limits
    }

    private static func fault(capability: Int, _ attribute: (CInt) -> Int) -> String? {
        if attribute(WEFT_CU_DEVICE_ATTRIBUTE_COMPUTE_MODE) == Int(WEFT_CU_COMPUTEMODE_PROHIBITED) {
            return "its compute mode prohibits programs; nvidia-smi -c sets it"
        }
        if attribute(WEFT_CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY) == 0 { return "it does not see memory of the host" }
        // Products of bytes (dp4a) came with it.
        return capability < 61
            ? "kernels need compute capability 6.1, and it has \(capability / 10).\(capability % 10)" : nil
    }
}

extension MatrixShape {
    /// What a warp multiplies by `wmma`, since compute capability 7.0; `cuda.prelude` has the words.
    package static let ofWarps = MatrixShape(rows: 16, columns: 16, depth: 16)
}

/// The multiprocessors of a device in groups, which are the smallest parts that contexts of their own may have.
struct Multiprocessors: @unchecked Sendable {
    /// Groups of equal size.
    let groups: [weft_CUdevResource]

    var count: Int { groups.count }

    /// Divides a device; `nil` where it cannot be divided in two.
    init?(of device: weft_CUdevice, capability: Int, functions: GreenFunctions) {
        var all = weft_CUdevResource()
        let code = functions.deviceGetResource(device, &all, WEFT_CU_DEV_RESOURCE_TYPE_SM)
        guard code == WEFT_CUDA_SUCCESS else { return nil }
        let grain = Self.grain(capability)
        var count: UInt32 = 0
        guard functions.resourceSplit(nil, &count, &all, nil, 0, grain) == WEFT_CUDA_SUCCESS, count > 1 else {
            return nil
        }
        var groups = [weft_CUdevResource](repeating: weft_CUdevResource(), count: Int(count))
        let split = groups.withUnsafeMutableBufferPointer {
            functions.resourceSplit($0.baseAddress, &count, &all, nil, 0, grain)
        }
        guard split == WEFT_CUDA_SUCCESS, count > 1 else { return nil }
        self.groups = Array(groups.prefix(Int(count)))
    }

    /// Multiprocessors of the smallest part. Source: NVIDIA's documentation of green contexts.
    private static func grain(_ capability: Int) -> UInt32 {
        switch capability {
        case 90...: 8
        case 80...: 4
        case 70...: 2
        default: 1
        }
    }
}
