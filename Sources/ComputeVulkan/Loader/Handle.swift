/// A Vulkan handle that knows what it names: Swift imports all of them as one type.
struct Handle<Tag>: @unchecked Sendable, Hashable {
    let raw: OpaquePointer
}

/// What handles name.
enum Tag {
    enum Instance {}
    enum PhysicalDevice {}
    enum Device {}
    enum Queue {}
    enum Buffer {}
    enum BufferView {}
    enum Memory {}
    enum Pipeline {}
    enum PipelineLayout {}
    enum DescriptorSetLayout {}
    enum DescriptorPool {}
    enum DescriptorSet {}
    enum CommandPool {}
    enum CommandBuffer {}
    enum Fence {}
    enum QueryPool {}
    enum Messenger {}
}
