/// What handles name.
enum Tag {
    enum Instance {}
    enum PhysicalDevice {}
    enum Device {}
    enum Queue {}
    enum Buffer {}
    enum BufferView {}
    enum Memory {}
    enum ShaderModule {}
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
