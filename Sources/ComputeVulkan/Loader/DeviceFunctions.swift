import CVulkan
import Compute

/// Vulkan's functions of a logical device, called without the loader's detour.
struct DeviceFunctions: @unchecked Sendable {
    let destroyDevice: PFN_vkDestroyDevice
    let getDeviceQueue: PFN_vkGetDeviceQueue
    let deviceWaitIdle: PFN_vkDeviceWaitIdle
    let createBuffer: PFN_vkCreateBuffer
    let destroyBuffer: PFN_vkDestroyBuffer
    let getBufferMemoryRequirements: PFN_vkGetBufferMemoryRequirements
    let allocateMemory: PFN_vkAllocateMemory
    let freeMemory: PFN_vkFreeMemory
    let bindBufferMemory: PFN_vkBindBufferMemory
    let mapMemory: PFN_vkMapMemory
    let createBufferView: PFN_vkCreateBufferView
    let destroyBufferView: PFN_vkDestroyBufferView
    let createShaderModule: PFN_vkCreateShaderModule
    let destroyShaderModule: PFN_vkDestroyShaderModule
    let createDescriptorSetLayout: PFN_vkCreateDescriptorSetLayout
    let destroyDescriptorSetLayout: PFN_vkDestroyDescriptorSetLayout
    let createPipelineLayout: PFN_vkCreatePipelineLayout
    let destroyPipelineLayout: PFN_vkDestroyPipelineLayout
    let createComputePipelines: PFN_vkCreateComputePipelines
    let destroyPipeline: PFN_vkDestroyPipeline
    let createDescriptorPool: PFN_vkCreateDescriptorPool
    let destroyDescriptorPool: PFN_vkDestroyDescriptorPool
    let allocateDescriptorSets: PFN_vkAllocateDescriptorSets
    let updateDescriptorSets: PFN_vkUpdateDescriptorSets
    let createCommandPool: PFN_vkCreateCommandPool
    let destroyCommandPool: PFN_vkDestroyCommandPool
    let resetCommandPool: PFN_vkResetCommandPool
    let allocateCommandBuffers: PFN_vkAllocateCommandBuffers
    let beginCommandBuffer: PFN_vkBeginCommandBuffer
    let endCommandBuffer: PFN_vkEndCommandBuffer
    let cmdBindPipeline: PFN_vkCmdBindPipeline
    let cmdBindDescriptorSets: PFN_vkCmdBindDescriptorSets
    let cmdPushConstants: PFN_vkCmdPushConstants
    let cmdDispatch: PFN_vkCmdDispatch
    let cmdPipelineBarrier: PFN_vkCmdPipelineBarrier
    let cmdCopyBuffer: PFN_vkCmdCopyBuffer
    let cmdResetQueryPool: PFN_vkCmdResetQueryPool
    let cmdWriteTimestamp: PFN_vkCmdWriteTimestamp
    let createQueryPool: PFN_vkCreateQueryPool
    let destroyQueryPool: PFN_vkDestroyQueryPool
    let getQueryPoolResults: PFN_vkGetQueryPoolResults
    let createFence: PFN_vkCreateFence
    let destroyFence: PFN_vkDestroyFence
    let resetFences: PFN_vkResetFences
    let waitForFences: PFN_vkWaitForFences
    let queueSubmit: PFN_vkQueueSubmit
    /// Of devices that import memory of the host.
    let getMemoryHostPointerProperties: PFN_vkGetMemoryHostPointerPropertiesEXT?
    /// Of devices that tell what became of a pipeline.
    let getPipelineExecutableStatistics: PFN_vkGetPipelineExecutableStatisticsKHR?

    init(_ device: OpaquePointer, instance: InstanceFunctions) throws(ComputeError) {
        let load = DeviceFunctionLoader(device: device, getDeviceProcAddr: instance.getDeviceProcAddr)
        destroyDevice = try load("vkDestroyDevice", as: PFN_vkDestroyDevice.self)
        getDeviceQueue = try load("vkGetDeviceQueue", as: PFN_vkGetDeviceQueue.self)
        deviceWaitIdle = try load("vkDeviceWaitIdle", as: PFN_vkDeviceWaitIdle.self)
        createBuffer = try load("vkCreateBuffer", as: PFN_vkCreateBuffer.self)
        destroyBuffer = try load("vkDestroyBuffer", as: PFN_vkDestroyBuffer.self)
        getBufferMemoryRequirements = try load(
            "vkGetBufferMemoryRequirements", as: PFN_vkGetBufferMemoryRequirements.self)
        allocateMemory = try load("vkAllocateMemory", as: PFN_vkAllocateMemory.self)
        freeMemory = try load("vkFreeMemory", as: PFN_vkFreeMemory.self)
        bindBufferMemory = try load("vkBindBufferMemory", as: PFN_vkBindBufferMemory.self)
        mapMemory = try load("vkMapMemory", as: PFN_vkMapMemory.self)
        createBufferView = try load("vkCreateBufferView", as: PFN_vkCreateBufferView.self)
        destroyBufferView = try load("vkDestroyBufferView", as: PFN_vkDestroyBufferView.self)
        createShaderModule = try load("vkCreateShaderModule", as: PFN_vkCreateShaderModule.self)
        destroyShaderModule = try load("vkDestroyShaderModule", as: PFN_vkDestroyShaderModule.self)
        createDescriptorSetLayout = try load("vkCreateDescriptorSetLayout", as: PFN_vkCreateDescriptorSetLayout.self)
        destroyDescriptorSetLayout = try load("vkDestroyDescriptorSetLayout", as: PFN_vkDestroyDescriptorSetLayout.self)
        createPipelineLayout = try load("vkCreatePipelineLayout", as: PFN_vkCreatePipelineLayout.self)
        destroyPipelineLayout = try load("vkDestroyPipelineLayout", as: PFN_vkDestroyPipelineLayout.self)
        createComputePipelines = try load("vkCreateComputePipelines", as: PFN_vkCreateComputePipelines.self)
        destroyPipeline = try load("vkDestroyPipeline", as: PFN_vkDestroyPipeline.self)
        createDescriptorPool = try load("vkCreateDescriptorPool", as: PFN_vkCreateDescriptorPool.self)
        destroyDescriptorPool = try load("vkDestroyDescriptorPool", as: PFN_vkDestroyDescriptorPool.self)
        allocateDescriptorSets = try load("vkAllocateDescriptorSets", as: PFN_vkAllocateDescriptorSets.self)
        updateDescriptorSets = try load("vkUpdateDescriptorSets", as: PFN_vkUpdateDescriptorSets.self)
        createCommandPool = try load("vkCreateCommandPool", as: PFN_vkCreateCommandPool.self)
        destroyCommandPool = try load("vkDestroyCommandPool", as: PFN_vkDestroyCommandPool.self)
        resetCommandPool = try load("vkResetCommandPool", as: PFN_vkResetCommandPool.self)
        allocateCommandBuffers = try load("vkAllocateCommandBuffers", as: PFN_vkAllocateCommandBuffers.self)
        beginCommandBuffer = try load("vkBeginCommandBuffer", as: PFN_vkBeginCommandBuffer.self)
        endCommandBuffer = try load("vkEndCommandBuffer", as: PFN_vkEndCommandBuffer.self)
        cmdBindPipeline = try load("vkCmdBindPipeline", as: PFN_vkCmdBindPipeline.self)
        cmdBindDescriptorSets = try load("vkCmdBindDescriptorSets", as: PFN_vkCmdBindDescriptorSets.self)
        cmdPushConstants = try load("vkCmdPushConstants", as: PFN_vkCmdPushConstants.self)
        cmdDispatch = try load("vkCmdDispatch", as: PFN_vkCmdDispatch.self)
        cmdPipelineBarrier = try load("vkCmdPipelineBarrier", as: PFN_vkCmdPipelineBarrier.self)
        cmdCopyBuffer = try load("vkCmdCopyBuffer", as: PFN_vkCmdCopyBuffer.self)
        cmdResetQueryPool = try load("vkCmdResetQueryPool", as: PFN_vkCmdResetQueryPool.self)
        cmdWriteTimestamp = try load("vkCmdWriteTimestamp", as: PFN_vkCmdWriteTimestamp.self)
        createQueryPool = try load("vkCreateQueryPool", as: PFN_vkCreateQueryPool.self)
        destroyQueryPool = try load("vkDestroyQueryPool", as: PFN_vkDestroyQueryPool.self)
        getQueryPoolResults = try load("vkGetQueryPoolResults", as: PFN_vkGetQueryPoolResults.self)
        createFence = try load("vkCreateFence", as: PFN_vkCreateFence.self)
        destroyFence = try load("vkDestroyFence", as: PFN_vkDestroyFence.self)
        resetFences = try load("vkResetFences", as: PFN_vkResetFences.self)
        waitForFences = try load("vkWaitForFences", as: PFN_vkWaitForFences.self)
        queueSubmit = try load("vkQueueSubmit", as: PFN_vkQueueSubmit.self)
        getMemoryHostPointerProperties = try? load(
            "vkGetMemoryHostPointerPropertiesEXT", as: PFN_vkGetMemoryHostPointerPropertiesEXT.self)
        getPipelineExecutableStatistics = try? load(
            "vkGetPipelineExecutableStatisticsKHR", as: PFN_vkGetPipelineExecutableStatisticsKHR.self)
    }
}

private struct DeviceFunctionLoader {
    let device: OpaquePointer
    let getDeviceProcAddr: PFN_vkGetDeviceProcAddr

    func callAsFunction<Function>(_ name: String, as type: Function.Type) throws(ComputeError) -> Function {
        guard let function = unsafeBitCast(getDeviceProcAddr(device, name), to: Function?.self) else {
            throw .unavailable(api: .vulkan, reason: "\(name) is missing")
        }
        return function
    }
}
