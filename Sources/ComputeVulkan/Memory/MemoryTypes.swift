import CVulkan
package import Compute

/// The kinds of memory that a device has, and which of them a buffer is put into.
package struct MemoryTypes: Sendable {
    /// What a kind of memory is good for; the bits are Vulkan's.
    package struct Properties: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let deviceLocal = Self(rawValue: VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT.rawValue)
        package static let visible = Self(rawValue: VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT.rawValue)
        package static let coherent = Self(rawValue: VK_MEMORY_PROPERTY_HOST_COHERENT_BIT.rawValue)
        package static let cached = Self(rawValue: VK_MEMORY_PROPERTY_HOST_CACHED_BIT.rawValue)
        /// What the host sees without being told when.
        package static let mapped: Self = [.visible, .coherent]
    }

    package struct Choice: Sendable, Hashable {
        package var index: Int
        package var properties: Properties
        package var heap: Int
    }

    private let types: [(properties: Properties, heap: Int)]
    /// Bytes of each heap.
    package let heaps: [Int]
    /// Whether the device has no memory apart from the host's.
    private let isUnified: Bool

    /// Vulkan has it that smaller heaps of the device's own memory, seen by the host, are windows of the bus into a
    /// larger one: 256 MiB without resizable BAR, less where the driver keeps some for itself. Chosen: what has no more
    /// than that left is not to be filled.
    private static let leastUploadHeap = 256 << 20

    /// - Parameters:
    ///   - types: in the driver's order, each with the index of its heap.
    ///   - heaps: bytes of each.
    package init(_ types: [(properties: Properties, heap: Int)], heaps: [Int], kind: DeviceDescription.Kind) {
        self.types = types
        self.heaps = heaps
        isUnified = kind == .integrated || kind == .cpu
    }

    init(
        _ device: Handle<Tag.PhysicalDevice>, kind: DeviceDescription.Kind, functions: InstanceFunctions
    ) {
        var properties = VkPhysicalDeviceMemoryProperties()
        functions.getPhysicalDeviceMemoryProperties(device.raw, &properties)
        self.init(
            elements(properties.memoryTypes, of: VkMemoryType.self).prefix(Int(properties.memoryTypeCount))
                .map { (Properties(rawValue: $0.propertyFlags), Int($0.heapIndex)) },
            heaps: elements(properties.memoryHeaps, of: VkMemoryHeap.self).prefix(Int(properties.memoryHeapCount))
                .map { Int(clamping: $0.size) },
            kind: kind)
    }

    /// Bytes of the largest heap that is the device's own.
    package var largestHeap: Int {
        let own = types.filter { $0.properties.contains(.deviceLocal) }.map { heaps[$0.heap] }
        return own.max() ?? heaps.max() ?? 0
    }

    /// The best type for `access` among those that `mask` allows.
    ///
    /// - Returns: `nil` where none will do: what the host is to write, or to read, is copied then.
    package func choice(for access: BufferAccess, mask: UInt32 = .max) -> Choice? {
        let allowed = types.indices.filter { mask & 1 << UInt32($0) != 0 }
        func first(_ wanted: Properties, without unwanted: Properties = []) -> Int? {
            allowed.first {
                types[$0].properties.isSuperset(of: wanted) && types[$0].properties.isDisjoint(with: unwanted)
            }
        }
        let own = Properties.mapped.union(.deviceLocal)
        let index: Int? =
            switch access {
            case .device where isUnified: first(own) ?? first(.deviceLocal) ?? first([])
            // Weights must not fill the window of the bus, whatever the driver's order.
            case .device: first(.deviceLocal, without: .visible) ?? first(.deviceLocal) ?? first([])
            case .upload where isUnified: first(own) ?? first(.mapped)
            case .upload:
                allowed.first {
                    types[$0].properties.isSuperset(of: own) && heaps[types[$0].heap] >= Self.leastUploadHeap
                }
            case .download where !isUnified: nil
            case .host, .download: first(Properties.mapped.union(.cached)) ?? first(.mapped)
            }
        return index.map { Choice(index: $0, properties: types[$0].properties, heap: types[$0].heap) }
    }
}
