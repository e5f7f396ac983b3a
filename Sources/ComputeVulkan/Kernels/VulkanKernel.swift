import CVulkan
import Compute

/// A compute pipeline and the layout of its arguments.
final class VulkanKernel: Kernel {
    let code: KernelCode
    let device: VulkanDevice
    let pipeline: Owned<Tag.Pipeline>
    let layout: Owned<Tag.PipelineLayout>
    let setLayout: Owned<Tag.DescriptorSetLayout>

    init(_ code: KernelCode, module words: [UInt32], on device: VulkanDevice) throws(ComputeError) {
        self.code = code
        self.device = device
        setLayout = try Self.makeSetLayout(code, on: device)
        layout = try Self.makeLayout(code, set: setLayout.handle, on: device)
        pipeline = try Self.makePipeline(code, words, layout: layout.handle, on: device)
    }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try VulkanBoundKernel(self, buffers)
    }

    private static func makeSetLayout(
        _ code: KernelCode, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.DescriptorSetLayout> {
        var arena = Arena()
        var bindings: [VkDescriptorSetLayoutBinding] = []
        for binding in code.bindings {
            for _ in 0..<binding.windows {
                var entry = VkDescriptorSetLayoutBinding()
                entry.binding = UInt32(bindings.count)
                entry.descriptorType = binding.descriptorType
                entry.descriptorCount = 1
                entry.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT.rawValue
                bindings.append(entry)
            }
        }
        var info = VkDescriptorSetLayoutCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO
        info.bindingCount = UInt32(bindings.count)
        info.pBindings = arena.array(bindings)
        return try device.own("vkCreateDescriptorSetLayout", \.destroyDescriptorSetLayout) {
            device.functions.createDescriptorSetLayout(device.handle.raw, &info, nil, &$0)
        }
    }

    private static func makeLayout(
        _ code: KernelCode, set: Handle<Tag.DescriptorSetLayout>, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.PipelineLayout> {
        var arena = Arena()
        let range = VkPushConstantRange(
            stageFlags: VK_SHADER_STAGE_COMPUTE_BIT.rawValue, offset: 0, size: UInt32(4 * code.parameterCount))
        var info = VkPipelineLayoutCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO
        info.setLayoutCount = 1
        info.pSetLayouts = arena.array([Optional(set.raw)])
        info.pushConstantRangeCount = 1
        info.pPushConstantRanges = arena.array([range])
        return try device.own("vkCreatePipelineLayout", \.destroyPipelineLayout) {
            device.functions.createPipelineLayout(device.handle.raw, &info, nil, &$0)
        }
    }

    private static func makePipeline(
        _ code: KernelCode, _ words: [UInt32], layout: Handle<Tag.PipelineLayout>, on device: VulkanDevice
    ) throws(ComputeError) -> Owned<Tag.Pipeline> {
        let vk = device.functions
        var arena = Arena()
        var moduleInfo = VkShaderModuleCreateInfo()
        moduleInfo.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
        moduleInfo.codeSize = 4 * words.count
        moduleInfo.pCode = arena.array(words)
        let module: Owned<Tag.ShaderModule> = try device.own("vkCreateShaderModule", \.destroyShaderModule) {
            vk.createShaderModule(device.handle.raw, &moduleInfo, nil, &$0)
        }

        var info = VkComputePipelineCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO
        info.layout = layout.raw
        if device.logical.capturesStatistics {
            info.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR.rawValue
        }
        info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
        info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
        info.stage.module = module.raw
        info.stage.pName = arena.string("main")
        if device.limits.subgroupSize > 1, let size = device.physical.requiredSubgroupSize {
            let required = arena.put(VkPipelineShaderStageRequiredSubgroupSizeCreateInfo())
            required.pointee.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
            required.pointee.requiredSubgroupSize = UInt32(size)
            info.stage.pNext = UnsafeRawPointer(required)
            info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT.rawValue
        }
        do throws(ComputeError) {
            return try device.own("vkCreateComputePipelines", \.destroyPipeline) {
                vk.createComputePipelines(device.handle.raw, nil, 1, &info, nil, &$0)
            }
        } catch {
            throw .compilation(
                device: device.description.name, kernel: code.label, log: "the driver refused the pipeline: \(error)")
        }
    }
}

extension KernelBinding {
    var descriptorType: VkDescriptorType {
        isTexel ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
    }
}
