import CVulkan
import Compute

/// Records dispatches; each waits for the writes of those before it, the first for what was uploaded.
final class VulkanCommands: Commands {
    private let commands: Handle<Tag.CommandBuffer>
    private let device: VulkanDevice
    private var isFirst = true
    private var hasCopied = false

    init(_ commands: Handle<Tag.CommandBuffer>, device: VulkanDevice) {
        self.commands = commands
        self.device = device
    }

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        if !tiles.isEmpty { record(kernel, parameters, tiles: tiles) }
    }

    func upload(_ buffer: any Buffer, _ range: Range<Int>) {
        guard let (own, shadow) = slabs(of: buffer), !range.isEmpty else { return }
        copy(range, from: shadow, to: own)
        hasCopied = true
    }

    func download(_ buffer: any Buffer, _ range: Range<Int>) {
        guard let (own, shadow) = slabs(of: buffer), !range.isEmpty else { return }
        showWrites(to: VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_READ_BIT.rawValue)
        copy(range, from: own, to: shadow)
    }

    /// Of a buffer that the host sees by copies alone.
    private func slabs(of buffer: any Buffer) -> (own: Slab, shadow: Slab)? {
        guard let buffer = buffer as? VulkanBuffer else {
            preconditionFailure("a buffer of another backend was copied")
        }
        return buffer.shadow.map { (buffer.slabs[0], $0) }
    }

    private func copy(_ range: Range<Int>, from source: Slab, to target: Slab) {
        let offset = VkDeviceSize(range.lowerBound)
        var region = VkBufferCopy(srcOffset: offset, dstOffset: offset, size: VkDeviceSize(range.count))
        device.functions.cmdCopyBuffer(commands.raw, source.handle.raw, target.handle.raw, 1, &region)
    }

    func touch(_ kernel: any BoundKernel) {
        record(kernel, Parameters(zerosFor: kernel.kernel.code), tiles: 0..<0)
    }

    private func record(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        guard let bound = kernel as? VulkanBoundKernel else {
            preconditionFailure("a kernel of another backend was dispatched")
        }
        let vk = device.functions
        if !isFirst || hasCopied {
            showWrites(
                to: VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                VK_ACCESS_SHADER_READ_BIT.rawValue | VK_ACCESS_SHADER_WRITE_BIT.rawValue)
        }
        isFirst = false
        let (words, count) = parameters.words(covering: tiles)
        precondition(
            count == bound.pipeline.code.parameterCount, "wrong parameters for \(bound.pipeline.code.label)")
        vk.cmdBindPipeline(commands.raw, VK_PIPELINE_BIND_POINT_COMPUTE, bound.pipeline.pipeline.raw)
        var set: VkDescriptorSet? = bound.set.raw
        vk.cmdBindDescriptorSets(
            commands.raw, VK_PIPELINE_BIND_POINT_COMPUTE, bound.pipeline.layout.raw, 0, 1, &set, 0, nil)
        withUnsafeBytes(of: words) {
            vk.cmdPushConstants(
                commands.raw, bound.pipeline.layout.raw, VK_SHADER_STAGE_COMPUTE_BIT.rawValue, 0, UInt32(4 * count),
                $0.baseAddress)
        }
        vk.cmdDispatch(commands.raw, UInt32(min(max(1, tiles.count), device.limits.maxGroupCount)), 1, 1)
    }

    /// What comes next, in `stage`, waits for what kernels and copies wrote before.
    private func showWrites(to stage: VkPipelineStageFlagBits, _ access: VkAccessFlags) {
        let (copying, copies) = (VK_PIPELINE_STAGE_TRANSFER_BIT.rawValue, VK_ACCESS_TRANSFER_WRITE_BIT.rawValue)
        var barrier = VkMemoryBarrier()
        barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER
        barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT.rawValue | (hasCopied ? copies : 0)
        barrier.dstAccessMask = access
        device.functions.cmdPipelineBarrier(
            commands.raw, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT.rawValue | (hasCopied ? copying : 0), stage.rawValue,
            0, 1, &barrier, 0, nil, 0, nil)
        hasCopied = false
    }
}
