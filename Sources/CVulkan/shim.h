// The types of Vulkan; its functions are fetched from the loader at run time.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>
