#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stddef.h>

// The types of OpenCL 1.2; its functions are fetched from the loader at run time.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

// A kernel for one group, as PoCL 3.1 compiles it: `arguments` points to each argument.
typedef void (*weft_pocl_group)(void *const *arguments, const void *context, size_t x, size_t y, size_t z);

// What such a kernel reads of the dispatch that it is part of (`struct pocl_context`).
struct weft_pocl_context {
    size_t num_groups[3], global_offset[3], local_size[3];
    void *printf_buffer, *printf_buffer_position;
    unsigned printf_buffer_capacity;
    void *global_variables;
    unsigned work_dim, execution_failed;
};

// The name of the library that `place` is in the code of; NULL where it is in none.
static inline const char *weft_library_of(const void *place) {
    Dl_info info;
    return dladdr(place, &info) ? info.dli_fname : NULL;
}

// Whether both are in one library.
static inline int weft_share_library(const void *place, const void *other) {
    Dl_info info, of_other;
    return dladdr(place, &info) && dladdr(other, &of_other) && info.dli_fbase == of_other.dli_fbase;
}

// Whether this machine's processor has VPDPBUSD for vectors of 256 and 512 bits (AVX512-VNNI with AVX512-VL).
static inline int weft_has_vpdpbusd(void) {
#if defined(__x86_64__)
    unsigned int a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c >> 11 & 1) && (b >> 31 & 1);
#else
    return 0;
#endif
}
