import CVulkan
import Compute

/// The kinds of memory that a device has.
struct MemoryTypes: Sendable {
    private let types: [(flags: VkFlags, heap: Int)]
    private let heaps: [Int]

    init(_ device: Handle<Tag.PhysicalDevice>, functions: InstanceFunctions) {
        var properties = VkPhysicalDeviceMemoryProperties()
        functions.getPhysicalDeviceMemoryProperties(device.raw, &properties)
        types = elements(properties.memoryTypes, of: VkMemoryType.self)
            .prefix(Int(properties.memoryTypeCount)).map { ($0.propertyFlags, Int($0.heapIndex)) }
        heaps = elements(properties.memoryHeaps, of: VkMemoryHeap.self)
            .prefix(Int(properties.memoryHeapCount)).map { Int(clamping: $0.size) }
    }

    /// Bytes of the largest heap that is the device's own.
    var largestHeap: Int {
        let own = types.filter { $0.flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT.rawValue != 0 }.map { heaps[$0.heap] }
        return own.max() ?? heaps.max() ?? 0
    }

    /// The best type for `access` among those that `mask` allows, and the size of its heap.
    func type(for access: BufferAccess, mask: UInt32) -> (index: Int, flags: VkFlags, heap: Int)? {
        let allowed = types.indices.filter { mask & 1 << UInt32($0) != 0 }
        let visible =
            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT.rawValue | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT.rawValue
        let cached = visible | VK_MEMORY_PROPERTY_HOST_CACHED_BIT.rawValue
        let wishes: [VkFlags] =
            switch access {
            case .device: [VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT.rawValue, 0]
            case .host: [cached, visible]
            }
        for wish in wishes {
            if let index = allowed.first(where: { types[$0].flags & wish == wish }) {
                return (index, types[index].flags, heaps[types[index].heap])
            }
        }
        return nil
    }
}
