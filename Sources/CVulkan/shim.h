// The types of Vulkan; its functions are fetched from the loader at run time.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

// VK_KHR_cooperative_matrix, which headers before 1.3.255 lack. Numbers as in the extension's specification.
#define WEFT_COOPERATIVE_MATRIX "VK_KHR_cooperative_matrix"
#define WEFT_COOPERATIVE_MATRIX_FEATURES 1000506000
#define WEFT_COOPERATIVE_MATRIX_PROPERTIES 1000506001

typedef struct WeftCooperativeMatrixFeatures {
    int32_t sType;
    void* pNext;
    VkBool32 cooperativeMatrix;
    VkBool32 cooperativeMatrixRobustBufferAccess;
} WeftCooperativeMatrixFeatures;

// Types of elements: 0 is a half, 1 a float. Scopes: 3 is a subgroup.
typedef struct WeftCooperativeMatrixProperties {
    int32_t sType;
    void* pNext;
    uint32_t m, n, k;
    int32_t a, b, c, result;
    VkBool32 saturates;
    int32_t scope;
} WeftCooperativeMatrixProperties;

typedef VkResult (VKAPI_PTR* WeftGetCooperativeMatrixProperties)(
    VkPhysicalDevice device, uint32_t* count, WeftCooperativeMatrixProperties* properties);
