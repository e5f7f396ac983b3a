import CVulkan
import Compute

/// A compute pipeline and the layout of its arguments.
final class VulkanKernel: Kernel {
    let code: KernelCode
    let device: VulkanDevice
    let pipeline: Handle<Tag.Pipeline>
    let layout: Handle<Tag.PipelineLayout>
    let setLayout: Handle<Tag.DescriptorSetLayout>

    init(_ code: KernelCode, module words: [UInt32], on device: VulkanDevice) throws(ComputeError) {
        self.code = code
        self.device = device
        setLayout = try Self.makeSetLayout(code, on: device)
        do throws(ComputeError) {
            layout = try Self.makeLayout(code, set: setLayout, on: device)
        } catch {
            device.functions.destroyDescriptorSetLayout(device.handle.raw, setLayout.raw, nil)
            throw error
        }
        do throws(ComputeError) {
            pipeline = try Self.makePipeline(code, words, layout: layout, on: device)
        } catch {
            device.functions.destroyPipelineLayout(device.handle.raw, layout.raw, nil)
            device.functions.destroyDescriptorSetLayout(device.handle.raw, setLayout.raw, nil)
            throw error
        }
    }

    deinit {
        let vk = device.functions
        vk.destroyPipeline(device.handle.raw, pipeline.raw, nil)
        vk.destroyPipelineLayout(device.handle.raw, layout.raw, nil)
        vk.destroyDescriptorSetLayout(device.handle.raw, setLayout.raw, nil)
    }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try VulkanBoundKernel(self, buffers)
    }

    private static func makeSetLayout(
        _ code: KernelCode, on device: VulkanDevice
    ) throws(ComputeError) -> Handle<Tag.DescriptorSetLayout> {
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
        var layout: VkDescriptorSetLayout?
        let result = device.functions.createDescriptorSetLayout(device.handle.raw, &info, nil, &layout)
        try device.check(result, "vkCreateDescriptorSetLayout")
        return try device.handle(layout, "vkCreateDescriptorSetLayout")
    }

    private static func makeLayout(
        _ code: KernelCode, set: Handle<Tag.DescriptorSetLayout>, on device: VulkanDevice
    ) throws(ComputeError) -> Handle<Tag.PipelineLayout> {
        var arena = Arena()
        let range = VkPushConstantRange(
            stageFlags: VK_SHADER_STAGE_COMPUTE_BIT.rawValue, offset: 0, size: UInt32(4 * code.parameterCount))
        var info = VkPipelineLayoutCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO
        info.setLayoutCount = 1
        info.pSetLayouts = arena.array([Optional(set.raw)])
        info.pushConstantRangeCount = 1
        info.pPushConstantRanges = arena.array([range])
        var layout: VkPipelineLayout?
        let result = device.functions.createPipelineLayout(device.handle.raw, &info, nil, &layout)
        try device.check(result, "vkCreatePipelineLayout")
        return try device.handle(layout, "vkCreatePipelineLayout")
    }

    private static func makePipeline(
        _ code: KernelCode, _ words: [UInt32], layout: Handle<Tag.PipelineLayout>, on device: VulkanDevice
    ) throws(ComputeError) -> Handle<Tag.Pipeline> {
        let vk = device.functions
        var arena = Arena()
        var moduleInfo = VkShaderModuleCreateInfo()
        moduleInfo.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
        moduleInfo.codeSize = 4 * words.count
        moduleInfo.pCode = arena.array(words)
        var module: VkShaderModule?
        try device.check(vk.createShaderModule(device.handle.raw, &moduleInfo, nil, &module), "vkCreateShaderModule")
        defer { vk.destroyShaderModule(device.handle.raw, module, nil) }

        var info = VkComputePipelineCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO
        info.layout = layout.raw
        info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
        info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
        info.stage.module = module
        info.stage.pName = arena.string("main")
        if device.limits.subgroupSize > 1, let size = device.physical.requiredSubgroupSize {
            let required = arena.put(VkPipelineShaderStageRequiredSubgroupSizeCreateInfo())
            required.pointee.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
            required.pointee.requiredSubgroupSize = UInt32(size)
            info.stage.pNext = UnsafeRawPointer(required)
            info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT.rawValue
        }
        var pipeline: VkPipeline?
        let result = vk.createComputePipelines(device.handle.raw, nil, 1, &info, nil, &pipeline)
        guard result == VK_SUCCESS, let pipeline else {
            throw .compilation(
                device: device.description.name, kernel: code.label,
                log: "the driver refused the pipeline (VkResult \(result.rawValue))")
        }
        return Handle(raw: pipeline)
    }
}

extension KernelBinding {
    var descriptorType: VkDescriptorType {
        isTexel ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
    }
}
