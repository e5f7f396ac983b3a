// A Vulkan layer that lets a device fail when it is told to, for tests of `weft serve` as it is shipped.
//
// The file that WEFT_FAULTS names holds one word; the first call that it concerns takes the file away and fails:
//   lost-submit, memory-submit    vkQueueSubmit
//   lost-wait, hang               vkWaitForFences; it hangs until the file with .release behind its name is there
//   memory-allocate               vkAllocateMemory
//   pipeline                      vkCreateComputePipelines
// A device that was lost stays lost. Built and enabled by tools/stress.py.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define MOST 4096

// The loader's dispatch table tells devices apart, and is at the start of their handles and those of their queues.
#define KEY(handle) (*(void **)(handle))

struct device {
    void *key;
    int is_lost;
    PFN_vkGetDeviceProcAddr next;
    PFN_vkDestroyDevice destroy;
    PFN_vkQueueSubmit submit;
    PFN_vkWaitForFences wait;
    PFN_vkAllocateMemory allocate;
    PFN_vkCreateComputePipelines pipelines;
};

// Places are taken once each: a program makes few instances and devices, and some in threads of their own.
static struct device devices[MOST];
static struct instance {
    VkInstance handle;
    PFN_vkGetInstanceProcAddr next;
    PFN_vkDestroyInstance destroy;
} instances[MOST];
static int device_count, instance_count;

static struct device *find(void *handle) {
    // The newest first: the place of one that is gone may be in use again.
    for (int i = device_count - 1; i >= 0; i--)
        if (devices[i].key == KEY(handle)) return &devices[i];
    abort();
}

static struct instance *find_instance(void *handle) {
    for (int i = instance_count - 1; i >= 0; i--)
        if (instances[i].handle && KEY(instances[i].handle) == KEY(handle)) return &instances[i];
    abort();
}

/// Whether `word` is to happen now; it does once.
static int takes(const char *word) {
    const char *path = getenv("WEFT_FAULTS");
    char text[32] = "";
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return 0;
    if (!fgets(text, sizeof text, file)) text[0] = 0;
    fclose(file);
    text[strcspn(text, "\n")] = 0;
    return strcmp(text, word) == 0 && unlink(path) == 0;
}

static VKAPI_ATTR VkResult VKAPI_CALL submit(
    VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    struct device *device = find(queue);
    if (takes("lost-submit")) device->is_lost = 1;
    if (device->is_lost) return VK_ERROR_DEVICE_LOST;
    if (takes("memory-submit")) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return device->submit(queue, count, infos, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_for_fences(
    VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout) {
    struct device *device = find(handle);
    VkResult result = device->wait(handle, count, fences, all, timeout);
    if (takes("hang")) {
        char path[4096];
        snprintf(path, sizeof path, "%s.release", getenv("WEFT_FAULTS"));
        while (access(path, F_OK) != 0) usleep(10000);
    }
    if (takes("lost-wait")) device->is_lost = 1;
    return device->is_lost ? VK_ERROR_DEVICE_LOST : result;
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate(
    VkDevice handle, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *callbacks, VkDeviceMemory *memory) {
    if (takes("memory-allocate")) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return find(handle)->allocate(handle, info, callbacks, memory);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_pipelines(
    VkDevice handle, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *infos,
    const VkAllocationCallbacks *callbacks, VkPipeline *pipelines) {
    if (takes("pipeline")) {
        memset(pipelines, 0, count * sizeof *pipelines);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    return find(handle)->pipelines(handle, cache, count, infos, callbacks, pipelines);
}

static VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice handle, const VkAllocationCallbacks *callbacks) {
    if (!handle) return;
    struct device *device = find(handle);
    device->key = NULL;
    device->destroy(handle, callbacks);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(
    VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *callbacks,
    VkDevice *handle) {
    VkLayerDeviceCreateInfo *chain = (VkLayerDeviceCreateInfo *)info->pNext;
    while (chain->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || chain->function != VK_LAYER_LINK_INFO)
        chain = (VkLayerDeviceCreateInfo *)chain->pNext;
    PFN_vkGetInstanceProcAddr instance = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    PFN_vkGetDeviceProcAddr next = chain->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
    VkInstance owner = find_instance(physical)->handle;
    VkResult result = ((PFN_vkCreateDevice)instance(owner, "vkCreateDevice"))(physical, info, callbacks, handle);
    if (result != VK_SUCCESS) return result;
    int place = __atomic_fetch_add(&device_count, 1, __ATOMIC_SEQ_CST);
    if (place >= MOST) abort();
    struct device *device = &devices[place];
    device->next = next;
    device->destroy = (PFN_vkDestroyDevice)next(*handle, "vkDestroyDevice");
    device->submit = (PFN_vkQueueSubmit)next(*handle, "vkQueueSubmit");
    device->wait = (PFN_vkWaitForFences)next(*handle, "vkWaitForFences");
    device->allocate = (PFN_vkAllocateMemory)next(*handle, "vkAllocateMemory");
    device->pipelines = (PFN_vkCreateComputePipelines)next(*handle, "vkCreateComputePipelines");
    device->key = KEY(*handle);
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(
    const VkInstanceCreateInfo *info, const VkAllocationCallbacks *callbacks, VkInstance *instance) {
    VkLayerInstanceCreateInfo *chain = (VkLayerInstanceCreateInfo *)info->pNext;
    while (chain->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || chain->function != VK_LAYER_LINK_INFO)
        chain = (VkLayerInstanceCreateInfo *)chain->pNext;
    PFN_vkGetInstanceProcAddr next = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateInstance)next(NULL, "vkCreateInstance"))(info, callbacks, instance);
    if (result != VK_SUCCESS) return result;
    int place = __atomic_fetch_add(&instance_count, 1, __ATOMIC_SEQ_CST);
    if (place >= MOST) abort();
    instances[place].handle = *instance;
    instances[place].next = next;
    // Asked for later, the loader gives this layer's own.
    instances[place].destroy = (PFN_vkDestroyInstance)next(*instance, "vkDestroyInstance");
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance handle, const VkAllocationCallbacks *callbacks) {
    if (!handle) return;
    struct instance *instance = find_instance(handle);
    // The loader may still ask for functions meanwhile.
    instance->destroy(handle, callbacks);
    instance->handle = NULL;
}

static PFN_vkVoidFunction own(const char *name) {
    struct {
        const char *name;
        PFN_vkVoidFunction function;
    } functions[] = {
        {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
        {"vkDestroyInstance", (PFN_vkVoidFunction)destroy_instance},
        {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
        {"vkDestroyDevice", (PFN_vkVoidFunction)destroy_device},
        {"vkQueueSubmit", (PFN_vkVoidFunction)submit},
        {"vkWaitForFences", (PFN_vkVoidFunction)wait_for_fences},
        {"vkAllocateMemory", (PFN_vkVoidFunction)allocate},
        {"vkCreateComputePipelines", (PFN_vkVoidFunction)create_pipelines},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(name, functions[i].name) == 0) return functions[i].function;
    return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_function(VkDevice device, const char *name) {
    PFN_vkVoidFunction function = own(name);
    return function ? function : find(device)->next(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL instance_function(VkInstance instance, const char *name) {
    if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)device_function;
    PFN_vkVoidFunction function = own(name);
    return function || !instance ? function : find_instance(instance)->next(instance, name);
}

VK_LAYER_EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(
    VkNegotiateLayerInterface *interface) {
    interface->loaderLayerInterfaceVersion = 2;
    interface->pfnGetInstanceProcAddr = instance_function;
    interface->pfnGetDeviceProcAddr = device_function;
    interface->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
