#ifndef WEFT_CUDA_DRIVER_H
#define WEFT_CUDA_DRIVER_H

// What Weft calls of NVIDIA's driver API and of NVRTC, declared anew: their headers may not be copied, and nothing of
// CUDA is needed to build. Both libraries are opened at run time.
//
// Every name is NVIDIA's behind `weft_` or `WEFT_`: a test compares types, constants and signatures with those of
// NVIDIA's headers by these names.
#include <stddef.h>

// Types. A result is an enumeration there; all handles are pointers.
typedef int weft_CUresult;
typedef int weft_CUdevice;
typedef int weft_CUdevice_attribute;
typedef int weft_CUdevResourceType;
typedef unsigned long long weft_CUdeviceptr;
typedef struct weft_context *weft_CUcontext;
typedef struct weft_green_context *weft_CUgreenCtx;
typedef struct weft_resource_desc *weft_CUdevResourceDesc;
typedef struct weft_stream *weft_CUstream;
typedef struct weft_event *weft_CUevent;
typedef struct weft_function *weft_CUfunction;
typedef struct weft_kernel *weft_CUkernel;
typedef struct weft_library *weft_CUlibrary;
typedef struct { unsigned char bytes[16]; } weft_CUuuid;
// Multiprocessors of a device, or a part of them.
typedef struct {
    weft_CUdevResourceType type;
    unsigned char unknown[92];
    unsigned int smCount;
    unsigned char rest[44];
} weft_CUdevResource;
typedef int weft_nvrtcResult;
typedef struct weft_program *weft_nvrtcProgram;

// Results.
#define WEFT_CUDA_SUCCESS 0
#define WEFT_CUDA_ERROR_INVALID_VALUE 1
#define WEFT_CUDA_ERROR_OUT_OF_MEMORY 2
#define WEFT_CUDA_ERROR_NOT_INITIALIZED 3
#define WEFT_CUDA_ERROR_DEVICE_UNAVAILABLE 46
#define WEFT_CUDA_ERROR_NO_DEVICE 100
#define WEFT_CUDA_ERROR_INVALID_DEVICE 101
#define WEFT_CUDA_ERROR_INVALID_IMAGE 200
#define WEFT_CUDA_ERROR_INVALID_CONTEXT 201
#define WEFT_CUDA_ERROR_NO_BINARY_FOR_GPU 209
#define WEFT_CUDA_ERROR_ECC_UNCORRECTABLE 214
#define WEFT_CUDA_ERROR_NVLINK_UNCORRECTABLE 220
#define WEFT_CUDA_ERROR_CONTAINED 226
#define WEFT_CUDA_ERROR_INVALID_HANDLE 400
#define WEFT_CUDA_ERROR_NOT_FOUND 500
#define WEFT_CUDA_ERROR_NOT_READY 600
#define WEFT_CUDA_ERROR_ILLEGAL_ADDRESS 700
#define WEFT_CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES 701
#define WEFT_CUDA_ERROR_LAUNCH_TIMEOUT 702
#define WEFT_CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED 704
#define WEFT_CUDA_ERROR_CONTEXT_IS_DESTROYED 709
#define WEFT_CUDA_ERROR_ASSERT 710
#define WEFT_CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED 712
#define WEFT_CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED 713
#define WEFT_CUDA_ERROR_HARDWARE_STACK_ERROR 714
#define WEFT_CUDA_ERROR_ILLEGAL_INSTRUCTION 715
#define WEFT_CUDA_ERROR_MISALIGNED_ADDRESS 716
#define WEFT_CUDA_ERROR_INVALID_ADDRESS_SPACE 717
#define WEFT_CUDA_ERROR_INVALID_PC 718
#define WEFT_CUDA_ERROR_LAUNCH_FAILED 719
#define WEFT_CUDA_ERROR_NOT_SUPPORTED 801
#define WEFT_CUDA_ERROR_EXTERNAL_DEVICE 911
#define WEFT_CUDA_ERROR_INVALID_RESOURCE_TYPE 914
#define WEFT_CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION 915
#define WEFT_CUDA_ERROR_UNKNOWN 999
#define WEFT_NVRTC_SUCCESS 0
#define WEFT_NVRTC_ERROR_INVALID_OPTION 5
#define WEFT_NVRTC_ERROR_COMPILATION 6

// What a device is asked for.
#define WEFT_CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK 1
#define WEFT_CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X 5
#define WEFT_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK 8
#define WEFT_CU_DEVICE_ATTRIBUTE_WARP_SIZE 10
#define WEFT_CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT 16
#define WEFT_CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT 17
#define WEFT_CU_DEVICE_ATTRIBUTE_INTEGRATED 18
#define WEFT_CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY 19
#define WEFT_CU_DEVICE_ATTRIBUTE_COMPUTE_MODE 20
#define WEFT_CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE 36
#define WEFT_CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH 37
#define WEFT_CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR 39
#define WEFT_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR 75
#define WEFT_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR 76
#define WEFT_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR 81
#define WEFT_CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR 82
#define WEFT_CU_COMPUTEMODE_PROHIBITED 2

// Ways to make things.
#define WEFT_CU_STREAM_NON_BLOCKING 1
#define WEFT_CU_EVENT_DEFAULT 0
#define WEFT_CU_MEMHOSTALLOC_PORTABLE 1
#define WEFT_CU_MEMHOSTALLOC_DEVICEMAP 2
#define WEFT_CU_MEMHOSTREGISTER_PORTABLE 1
#define WEFT_CU_MEMHOSTREGISTER_DEVICEMAP 2
#define WEFT_CU_GREEN_CTX_DEFAULT_STREAM 1
#define WEFT_CU_DEV_RESOURCE_TYPE_SM 1

// The driver and its devices.
typedef weft_CUresult (*weft_cuInit)(unsigned int flags);
typedef weft_CUresult (*weft_cuDriverGetVersion)(int *version);
typedef weft_CUresult (*weft_cuGetErrorString)(weft_CUresult error, const char **text);
typedef weft_CUresult (*weft_cuDeviceGetCount)(int *count);
typedef weft_CUresult (*weft_cuDeviceGet)(weft_CUdevice *device, int ordinal);
typedef weft_CUresult (*weft_cuDeviceGetName)(char *name, int capacity, weft_CUdevice device);
typedef weft_CUresult (*weft_cuDeviceGetUuid_v2)(weft_CUuuid *uuid, weft_CUdevice device);
typedef weft_CUresult (*weft_cuDeviceTotalMem_v2)(size_t *bytes, weft_CUdevice device);
typedef weft_CUresult (*weft_cuDeviceGetAttribute)(int *value, weft_CUdevice_attribute attribute, weft_CUdevice device);

// Contexts.
typedef weft_CUresult (*weft_cuDevicePrimaryCtxRetain)(weft_CUcontext *context, weft_CUdevice device);
typedef weft_CUresult (*weft_cuDevicePrimaryCtxRelease_v2)(weft_CUdevice device);
typedef weft_CUresult (*weft_cuDevicePrimaryCtxReset_v2)(weft_CUdevice device);
typedef weft_CUresult (*weft_cuCtxPushCurrent_v2)(weft_CUcontext context);
typedef weft_CUresult (*weft_cuCtxPopCurrent_v2)(weft_CUcontext *context);
typedef weft_CUresult (*weft_cuCtxSynchronize)(void);
typedef weft_CUresult (*weft_cuCtxGetStreamPriorityRange)(int *least, int *greatest);
typedef weft_CUresult (*weft_cuDeviceCanAccessPeer)(int *can, weft_CUdevice device, weft_CUdevice peer);
typedef weft_CUresult (*weft_cuCtxEnablePeerAccess)(weft_CUcontext peer, unsigned int flags);

// Memory.
typedef weft_CUresult (*weft_cuMemGetInfo_v2)(size_t *free, size_t *total);
typedef weft_CUresult (*weft_cuMemAlloc_v2)(weft_CUdeviceptr *address, size_t bytes);
typedef weft_CUresult (*weft_cuMemFree_v2)(weft_CUdeviceptr address);
typedef weft_CUresult (*weft_cuMemHostAlloc)(void **memory, size_t bytes, unsigned int flags);
typedef weft_CUresult (*weft_cuMemFreeHost)(void *memory);
typedef weft_CUresult (*weft_cuMemHostRegister_v2)(void *memory, size_t bytes, unsigned int flags);
typedef weft_CUresult (*weft_cuMemHostUnregister)(void *memory);
typedef weft_CUresult (*weft_cuMemHostGetDevicePointer_v2)(weft_CUdeviceptr *address, void *memory, unsigned int flags);
typedef weft_CUresult (*weft_cuMemcpyHtoDAsync_v2)(
    weft_CUdeviceptr target, const void *source, size_t bytes, weft_CUstream stream);
typedef weft_CUresult (*weft_cuMemcpyDtoHAsync_v2)(
    void *target, weft_CUdeviceptr source, size_t bytes, weft_CUstream stream);
typedef weft_CUresult (*weft_cuMemcpyPeerAsync)(
    weft_CUdeviceptr target, weft_CUcontext targetContext, weft_CUdeviceptr source, weft_CUcontext sourceContext,
    size_t bytes, weft_CUstream stream);

// Streams and events.
typedef weft_CUresult (*weft_cuStreamCreateWithPriority)(weft_CUstream *stream, unsigned int flags, int priority);
typedef weft_CUresult (*weft_cuStreamDestroy_v2)(weft_CUstream stream);
typedef weft_CUresult (*weft_cuStreamSynchronize)(weft_CUstream stream);
typedef weft_CUresult (*weft_cuEventCreate)(weft_CUevent *event, unsigned int flags);
typedef weft_CUresult (*weft_cuEventDestroy_v2)(weft_CUevent event);
typedef weft_CUresult (*weft_cuEventRecord)(weft_CUevent event, weft_CUstream stream);
typedef weft_CUresult (*weft_cuEventSynchronize)(weft_CUevent event);
typedef weft_CUresult (*weft_cuEventElapsedTime)(float *milliseconds, weft_CUevent start, weft_CUevent end);

// Kernels. A library's options are left out: their arrays are null.
typedef weft_CUresult (*weft_cuLibraryLoadData)(
    weft_CUlibrary *library, const void *code, void *jit, void **jitValues, unsigned int jitCount, void *options,
    void **optionValues, unsigned int optionCount);
typedef weft_CUresult (*weft_cuLibraryUnload)(weft_CUlibrary library);
typedef weft_CUresult (*weft_cuLibraryGetKernel)(weft_CUkernel *kernel, weft_CUlibrary library, const char *name);
typedef weft_CUresult (*weft_cuLaunchKernel)(
    weft_CUfunction kernel, unsigned int gridX, unsigned int gridY, unsigned int gridZ, unsigned int blockX,
    unsigned int blockY, unsigned int blockZ, unsigned int sharedBytes, weft_CUstream stream, void **parameters,
    void **extra);

// Parts of a device (green contexts), since CUDA 12.5.
typedef weft_CUresult (*weft_cuDeviceGetDevResource)(
    weft_CUdevice device, weft_CUdevResource *resource, weft_CUdevResourceType type);
typedef weft_CUresult (*weft_cuDevSmResourceSplitByCount)(
    weft_CUdevResource *groups, unsigned int *count, const weft_CUdevResource *all, weft_CUdevResource *rest,
    unsigned int flags, unsigned int least);
typedef weft_CUresult (*weft_cuDevResourceGenerateDesc)(
    weft_CUdevResourceDesc *desc, weft_CUdevResource *resources, unsigned int count);
typedef weft_CUresult (*weft_cuGreenCtxCreate)(
    weft_CUgreenCtx *context, weft_CUdevResourceDesc desc, weft_CUdevice device, unsigned int flags);
typedef weft_CUresult (*weft_cuGreenCtxDestroy)(weft_CUgreenCtx context);
typedef weft_CUresult (*weft_cuCtxFromGreenCtx)(weft_CUcontext *context, weft_CUgreenCtx green);
typedef weft_CUresult (*weft_cuGreenCtxStreamCreate)(
    weft_CUstream *stream, weft_CUgreenCtx context, unsigned int flags, int priority);

// NVRTC.
typedef weft_nvrtcResult (*weft_nvrtcVersion)(int *major, int *minor);
typedef weft_nvrtcResult (*weft_nvrtcGetNumSupportedArchs)(int *count);
typedef weft_nvrtcResult (*weft_nvrtcGetSupportedArchs)(int *architectures);
typedef weft_nvrtcResult (*weft_nvrtcCreateProgram)(
    weft_nvrtcProgram *program, const char *source, const char *name, int headerCount, const char *const *headers,
    const char *const *headerNames);
typedef weft_nvrtcResult (*weft_nvrtcDestroyProgram)(weft_nvrtcProgram *program);
typedef weft_nvrtcResult (*weft_nvrtcCompileProgram)(
    weft_nvrtcProgram program, int optionCount, const char *const *options);
typedef weft_nvrtcResult (*weft_nvrtcGetPTXSize)(weft_nvrtcProgram program, size_t *size);
typedef weft_nvrtcResult (*weft_nvrtcGetPTX)(weft_nvrtcProgram program, char *text);
typedef weft_nvrtcResult (*weft_nvrtcGetCUBINSize)(weft_nvrtcProgram program, size_t *size);
typedef weft_nvrtcResult (*weft_nvrtcGetCUBIN)(weft_nvrtcProgram program, char *code);
typedef weft_nvrtcResult (*weft_nvrtcGetProgramLogSize)(weft_nvrtcProgram program, size_t *size);
typedef weft_nvrtcResult (*weft_nvrtcGetProgramLog)(weft_nvrtcProgram program, char *text);

#endif
