// What the stand-in for NVRTC puts before a kernel: CUDA C++ as our dialect uses it, for a CPU.
//
// The threads of a block are fibers that run one after the other, each until it must wait for others. A block whose
// first thread never waits is a loop. One thread of the host at a time may run a kernel.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define __global__
#define __device__
#define __forceinline__ static inline __attribute__((always_inline, unused))
#define __launch_bounds__(...)
#define __shared__ static

struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) int4 { int x, y, z, w; };
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

static inline float max(float a, float b) { return __builtin_fmaxf(a, b); }
static inline float min(float a, float b) { return __builtin_fminf(a, b); }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline int min(int a, int b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(int a, unsigned b) { return max((unsigned)a, b); }
static inline unsigned max(unsigned a, int b) { return max(a, (unsigned)b); }
static inline unsigned min(int a, unsigned b) { return min((unsigned)a, b); }
static inline unsigned min(unsigned a, int b) { return min(a, (unsigned)b); }
static inline float rsqrtf(float a) { return 1.0f / __builtin_sqrtf(a); }
static inline float expf(float a) { return __builtin_expf(a); }
static inline float exp(float a) { return __builtin_expf(a); }
static inline float log(float a) { return __builtin_logf(a); }
static inline float sqrt(float a) { return __builtin_sqrtf(a); }
static inline float fabs(float a) { return __builtin_fabsf(a); }
static inline float floor(float a) { return __builtin_floorf(a); }
static inline float pow(float a, float b) { return __builtin_powf(a, b); }
static inline float tanhf(float a) { return __builtin_tanhf(a); }
static inline float rintf(float a) { return __builtin_rintf(a); }
static inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float __uint_as_float(unsigned u) { return __builtin_bit_cast(float, u); }
static inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
static inline int __float2int_rn(float x) { return (int)rintf(x); }
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    unsigned long long bytes = (unsigned long long)b << 32 | a;
    unsigned result = 0;
    for (unsigned i = 0; i < 4; i++) result |= (unsigned)(bytes >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
    return result;
}

namespace fibers {
    enum { most = 1024, stackBytes = 256 << 10, warp = 32 };
    struct Place { unsigned x, y, z; };
    static Place thread, block, blocks, size;
    static jmp_buf caller, saved[most];
    static bool isMade[most], isDone[most], isLoop;
    static void (*body)();
    static ucontext_t origin, context;
    // Who has come, of the block and of each warp, and how often all have.
    struct Meeting { unsigned came, times; };
    static Meeting all, warps[most / warp];
    // Counts what was done, to see that nothing is.
    static unsigned progress;
    static float lanes[most];

    static void fail(const char* reason) {
        fprintf(stderr, "a kernel on the CPU: %s\n", reason);
        abort();
    }

    static void wait() {
        if (isLoop) fail("a thread waits for others, and the first of its block did not");
        if (!_setjmp(saved[thread.x])) _longjmp(caller, 1);
    }

    static void meet(Meeting& meeting, unsigned count) {
        unsigned times = meeting.times;
        progress++;
        if (++meeting.came == count) {
            meeting.came = 0;
            meeting.times++;
        } else {
            while (meeting.times == times) wait();
        }
    }

    // A fiber, for all blocks to come.
    static void live() {
        for (;;) {
            body();
            isDone[thread.x] = true;
            progress++;
            if (!_setjmp(saved[thread.x])) _longjmp(caller, 1);
        }
    }

    // Runs a thread until it waits or ends.
    static void resume() {
        if (_setjmp(caller)) return;
        if (isMade[thread.x]) _longjmp(saved[thread.x], 1);
        isMade[thread.x] = true;
        getcontext(&context);
        context.uc_stack.ss_size = stackBytes;
        context.uc_stack.ss_sp =
            mmap(nullptr, stackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        context.uc_link = nullptr;
        makecontext(&context, live, 0);
        swapcontext(&origin, &context);
    }

    static void runBlock() {
        for (thread.x = 0; thread.x < size.x; thread.x++) isDone[thread.x] = false;
        thread.x = 0;
        resume();
        if (isDone[0]) {
            isLoop = true;
            for (thread.x = 1; thread.x < size.x; thread.x++) body();
            isLoop = false;
            return;
        }
        unsigned left = size.x, first = 1, before;
        do {
            before = progress;
            left = first;
            for (thread.x = first; thread.x < size.x; thread.x++) {
                if (isDone[thread.x]) continue;
                resume();
                if (!isDone[thread.x]) left++;
            }
            first = 0;
            if (left > 0 && progress == before) fail("its threads wait for each other for ever");
        } while (left > 0);
    }

    static void runGrid(unsigned count, unsigned threads, void (*entry)()) {
        if (threads == 0 || threads > most) fail("no such group size");
        body = entry;
        blocks = {count, 1, 1};
        size = {threads, 1, 1};
        for (block.x = 0; block.x < count; block.x++) runBlock();
    }
}

#define threadIdx fibers::thread
#define blockIdx fibers::block
#define gridDim fibers::blocks
#define blockDim fibers::size

static inline void __syncthreads() { fibers::meet(fibers::all, fibers::size.x); }

static inline float __shfl_xor_sync(unsigned mask, float x, unsigned distance) {
    using namespace fibers;
    if (mask != 0xffffffffu) fail("a shuffle leaves lanes out");
    unsigned first = thread.x / warp * warp, count = min(unsigned(warp), size.x - first);
    lanes[thread.x] = x;
    meet(warps[thread.x / warp], count);
    float other = lanes[thread.x ^ distance];
    meet(warps[thread.x / warp], count);
    return other;
}

// How the arguments of an entry point are passed: bytes of each, and whether it is an address on the device.
template <typename Type> struct Argument { static constexpr unsigned kind = sizeof(Type); };
template <typename Type> struct Argument<Type*> { static constexpr unsigned kind = sizeof(Type*) | 0x100; };
template <unsigned... places> struct Places {};
template <unsigned count, unsigned... places> struct Count : Count<count - 1, count - 1, places...> {};
template <unsigned... places> struct Count<0, places...> { using type = Places<places...>; };
template <typename Function> struct Entry;
template <typename... Types> struct Entry<void (*)(Types...)> {
    static constexpr unsigned count = sizeof...(Types);
    static constexpr unsigned kinds[] = {Argument<Types>::kind...};
    using Everything = typename Count<count>::type;
    template <unsigned... places>
    static void call(void (*function)(Types...), void** arguments, Places<places...>) {
        function(*(Types*)arguments[places]...);
    }
};

// What the stand-in for the driver finds in a kernel that was compiled; `entry` stands before.
#define WEFT_EXPORT_ENTRY(architecture) \
    static void** arguments_; \
    static void body_() { using E = Entry<decltype(&entry)>; E::call(entry, arguments_, E::Everything()); } \
    extern "C" unsigned weft_kernel_arguments(const unsigned** kinds) { \
        *kinds = Entry<decltype(&entry)>::kinds; \
        return Entry<decltype(&entry)>::count; \
    } \
    extern "C" const char* weft_kernel_architecture() { return architecture; } \
    extern "C" void weft_kernel_run(unsigned groups, unsigned threads, void** arguments) { \
        arguments_ = arguments; \
        fibers::runGrid(groups, threads, body_); \
    }
