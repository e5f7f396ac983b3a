// A stand-in for NVIDIA's driver, for tests: devices that compute on the CPU what the stand-in for NVRTC compiled.
//
// It is as unkind as the real one may be. What is put on a stream runs when someone waits for it, not before. Addresses
// on the device mean nothing to the host. Memory is full of NaNs when it is reserved, and what stands behind it may not
// be touched. A context that an error has ended gives this error to every call. What a caller may not do is an error
// too, also where the real driver lets it pass.
//
// `weft_cuda_…` are for tests: what the devices are, which calls fail, and what is still there.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <elf.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <vector>

#include "cuda_driver.h"

using Result = weft_CUresult;
using Address = weft_CUdeviceptr;
using Lock = std::lock_guard<std::recursive_mutex>;

static const Result success = WEFT_CUDA_SUCCESS;
static const Address tag = 1ull << 62;

// MARK: What there is

struct weft_context {
    int device;
    weft_green_context* green;
    std::thread::id holder;
};
struct weft_resource_desc {
    int device;
    std::set<int> groups;
    long multiprocessors;
};
struct weft_green_context {
    weft_context context;
    weft_resource_desc* desc;
};
struct weft_library {
    void* handle;
    // Open as long, so that no other has its name: a library of the same name would be taken for the same.
    int file;
    std::mutex running;
    unsigned count;
    const unsigned* kinds;
    void (*run)(unsigned groups, unsigned threads, void** arguments);
};
struct weft_event {
    weft_context* context;
    weft_stream* stream;
    bool isDone;
    std::chrono::steady_clock::time_point time;
};
struct weft_stream {
    weft_context* context;
    int priority;
    // Held by who runs commands, and not taken by who holds `state`. `queue` guards which there are, and is taken last.
    std::recursive_mutex running;
    std::mutex queue;
    std::deque<std::pair<weft_event*, std::function<Result()>>> commands;
};

struct Memory {
    char* start;
    size_t bytes;
    int device;
    enum { own, pinned, registered } kind;
    bool isMapped;
    void* mapping;
    size_t mappedBytes;
};

struct Device {
    weft_context primary;
    int retained = 0, epoch = 0;
    Result lost = success;
    size_t used = 0;
};

struct Failure {
    std::string call;
    Result code;
    int skip, times;
};

// Guards all but the streams' commands.
static std::recursive_mutex state;
static bool isInitialised;
static std::map<std::string, long> settings = {
    {"devices", 1}, {"capability", 90}, {"multiprocessors", 132}, {"memory", 4096}, {"integrated", 0},
    {"watchdog", 0}, {"driver", 12090}, {"priorities", 5}, {"prohibited", 0}, {"clock", 2619000}, {"bus", 6144},
    {"connected", 0},
};
static std::deque<Device> devices;
static std::map<Address, Memory> memories;
// Devices with the others whose memory they reach.
static std::set<std::pair<int, int>> reached;
static std::set<void*> streams, events, libraries, greens, descs;
static std::vector<Failure> failures;
static std::map<std::string, long> counts;
static thread_local std::vector<weft_context*> current;

static void configure(const char* text) {
    std::string all = text ? text : "";
    for (size_t at = 0; at < all.size();) {
        size_t end = std::min(all.find(',', at), all.size()), equals = all.find('=', at);
        if (equals < end) settings[all.substr(at, equals - at)] = atol(all.c_str() + equals + 1);
        at = end + 1;
    }
}

// MARK: Calls

static bool endsContext(Result code) {
    return code == 46 || code == 214 || code == 220 || code == 226 || code == 700 || code == 702
        || (code >= 709 && code <= 710) || (code >= 714 && code <= 719) || code == 911 || code == 999;
}

static Result lose(int device, Result code) {
    if (endsContext(code) && devices[device].lost == success) devices[device].lost = code;
    return code;
}

// What tests want of a call.
static Result wanted(const char* call) {
    for (auto& failure : failures) {
        if (failure.call != call || failure.times == 0) continue;
        if (failure.skip > 0) {
            failure.skip--;
            continue;
        }
        failure.times--;
        return failure.code;
    }
    return success;
}

static Result mistake(Result code, const char* call, const char* reason) {
    fprintf(stderr, "the stand-in for CUDA's driver: %s: %s\n", call, reason);
    counts["mistakes"]++;
    return code;
}

// A call that needs no context.
#define BEGIN(call) \
    Lock lock(state); \
    if (!isInitialised) return mistake(WEFT_CUDA_ERROR_NOT_INITIALIZED, #call, "before cuInit"); \
    if (Result code = wanted(#call)) return code;

// A call on the device whose context is current.
#define BEGIN_IN_CONTEXT(call) \
    BEGIN_UNLOST(call) \
    if (devices[device].lost) return devices[device].lost; \
    if (Result code = wanted(#call)) return lose(device, code);
#define BEGIN_UNLOST(call) \
    Lock lock(state); \
    if (!isInitialised) return mistake(WEFT_CUDA_ERROR_NOT_INITIALIZED, #call, "before cuInit"); \
    if (current.empty()) return mistake(WEFT_CUDA_ERROR_INVALID_CONTEXT, #call, "no context is current"); \
    int device = current.back()->device; \
    (void)device;

#define KNOWN(call, set, handle) \
    if (!set.count(handle)) return mistake(WEFT_CUDA_ERROR_INVALID_HANDLE, #call, "no such " #set);

static bool isDevice(int device) { return device >= 0 && device < (int)devices.size(); }

// MARK: Memory

static Memory* memoryAt(Address address) {
    auto after = memories.upper_bound(address);
    if (after == memories.begin()) return nullptr;
    Memory& memory = std::prev(after)->second;
    return address < (Address)memory.start + memory.bytes ? &memory : nullptr;
}

// What the host sees of `bytes` bytes on the device; null where they are not of one piece of memory there.
static char* seen(Address address, size_t bytes, int device) {
    Lock lock(state);
    if (!(address & tag)) return nullptr;
    Memory* memory = memoryAt(address & ~tag);
    char* start = (char*)(address & ~tag);
    bool isThere = memory && (memory->kind != Memory::own || memory->device == device) && memory->isMapped;
    return isThere && start + bytes <= memory->start + memory->bytes ? start : nullptr;
}

// Memory that ends, but for what is left of 256 bytes, where none is.
static Memory reserve(size_t bytes, int device, decltype(Memory::kind) kind) {
    size_t page = 4096, rounded = (bytes + 255) / 256 * 256, inner = (rounded + page - 1) / page * page;
    char* mapping = (char*)mmap(nullptr, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(mapping + page, inner, PROT_READ | PROT_WRITE);
    memset(mapping + page, 0xff, inner);
    return {mapping + page + inner - rounded, bytes, device, kind, true, mapping, inner + 2 * page};
}

static void drop(std::map<Address, Memory>::iterator place) {
    Memory& memory = place->second;
    if (memory.kind == Memory::own) devices[memory.device].used -= memory.bytes;
    if (memory.mapping) munmap(memory.mapping, memory.mappedBytes);
    memories.erase(place);
}

// MARK: Work

// Runs what is on a stream, to the end or to an event.
static Result drain(weft_stream* stream, weft_event* until = nullptr) {
    Lock lock(stream->running);
    while (!(until && until->isDone)) {
        std::pair<weft_event*, std::function<Result()>> command;
        {
            std::lock_guard<std::mutex> lock(stream->queue);
            if (stream->commands.empty()) break;
            command = std::move(stream->commands.front());
            stream->commands.pop_front();
        }
        if (devices[stream->context->device].lost == success) {
            if (Result code = command.second()) {
                Lock lock(state);
                lose(stream->context->device, code);
            }
        }
        if (command.first) command.first->isDone = true;
    }
    return devices[stream->context->device].lost;
}

static void put(weft_stream* stream, std::function<Result()> command, weft_event* event = nullptr) {
    std::lock_guard<std::mutex> lock(stream->queue);
    stream->commands.emplace_back(event, std::move(command));
}

static Result launch(
    weft_library* library, unsigned groups, unsigned threads, std::vector<char> bytes, int device) {
    {
        Lock lock(state);
        if (Result code = wanted("kernel")) return code;
    }
    std::vector<void*> arguments;
    size_t at = 0;
    for (unsigned i = 0; i < library->count; i++) {
        if (library->kinds[i] & 0x100) {
            Address address;
            memcpy(&address, &bytes[at], sizeof address);
            char* place = seen(address, 1, device);
            if (!place) {
                Lock lock(state);
                return mistake(WEFT_CUDA_ERROR_ILLEGAL_ADDRESS, "a kernel", "an argument is no memory of the device");
            }
            memcpy(&bytes[at], &place, sizeof place);
        }
        arguments.push_back(&bytes[at]);
        at += 8;
    }
    std::lock_guard<std::mutex> lock(library->running);
    library->run(groups, threads, arguments.data());
    return success;
}

extern "C" {
    // MARK: For tests

    // `devices=1,capability=90,…`, before cuInit.
    void weft_cuda_configure(const char* text) { configure(text); }

    // Lets calls of a name fail, or `kernel` for a launch when it runs, after the next `skip`.
    void weft_cuda_fail(const char* call, Result code, int skip, int times) {
        Lock lock(state);
        failures.push_back({call, code, skip, times});
    }

    // Forgets what is still to fail.
    void weft_cuda_mend(void) {
        Lock lock(state);
        failures.clear();
    }

    long weft_cuda_count(const char* what) {
        Lock lock(state);
        std::string name = what;
        if (name == "streams") return streams.size();
        if (name == "events") return events.size();
        if (name == "libraries") return libraries.size();
        if (name == "green contexts") return greens.size();
        if (name == "memories") return memories.size();
        if (name == "contexts") {
            long count = 0;
            for (auto& device : devices) count += device.retained;
            return count;
        }
        return counts[name];
    }

    // MARK: The driver and its devices

    Result cuInit(unsigned flags) {
        Lock lock(state);
        if (Result code = wanted("cuInit")) return code;
        if (flags) return WEFT_CUDA_ERROR_INVALID_VALUE;
        if (isInitialised) return success;
        configure(getenv("WEFT_CUDA_DOUBLE"));
        for (int i = 0; i < settings["devices"]; i++) devices.emplace_back().primary = {i, nullptr, {}};
        if (devices.empty()) return WEFT_CUDA_ERROR_NO_DEVICE;
        isInitialised = true;
        return success;
    }

    Result cuDriverGetVersion(int* version) {
        *version = settings["driver"];
        return success;
    }

    Result cuGetErrorString(Result code, const char** text) {
        *text = code == 2 ? "out of memory" : code == 100 ? "no CUDA-capable device is detected"
            : endsContext(code) ? "the device has failed" : "an error";
        return success;
    }

    Result cuDeviceGetCount(int* count) {
        BEGIN(cuDeviceGetCount)
        *count = devices.size();
        return success;
    }

    Result cuDeviceGet(weft_CUdevice* device, int ordinal) {
        BEGIN(cuDeviceGet)
        *device = ordinal;
        return isDevice(ordinal) ? success : WEFT_CUDA_ERROR_INVALID_DEVICE;
    }

    Result cuDeviceGetName(char* name, int capacity, weft_CUdevice device) {
        BEGIN(cuDeviceGetName)
        snprintf(name, capacity, "CUDA on the CPU %d", device);
        return success;
    }

    Result cuDeviceGetUuid_v2(weft_CUuuid* uuid, weft_CUdevice device) {
        BEGIN(cuDeviceGetUuid_v2)
        for (int i = 0; i < 16; i++) uuid->bytes[i] = 16 * device + i;
        return success;
    }

    Result cuDeviceTotalMem_v2(size_t* bytes, weft_CUdevice device) {
        BEGIN(cuDeviceTotalMem_v2)
        *bytes = (size_t)settings["memory"] << 20;
        return success;
    }

    Result cuDeviceGetAttribute(int* value, weft_CUdevice_attribute attribute, weft_CUdevice device) {
        BEGIN(cuDeviceGetAttribute)
        std::map<int, long> values = {
            {1, 1024}, {5, 0x7fffffff}, {8, 48 << 10}, {10, 32}, {16, settings["multiprocessors"]},
            {17, settings["watchdog"]}, {18, settings["integrated"]}, {19, 1}, {20, settings["prohibited"] ? 2 : 0},
            {36, settings["clock"]}, {37, settings["bus"]}, {39, 2048}, {75, settings["capability"] / 10},
            {76, settings["capability"] % 10}, {81, 228 << 10}, {82, 65536},
        };
        auto found = values.find(attribute);
        if (found == values.end() || !isDevice(device)) return WEFT_CUDA_ERROR_INVALID_VALUE;
        *value = found->second;
        return success;
    }

    // MARK: Contexts

    Result cuDevicePrimaryCtxRetain(weft_CUcontext* context, weft_CUdevice device) {
        BEGIN(cuDevicePrimaryCtxRetain)
        if (!isDevice(device)) return WEFT_CUDA_ERROR_INVALID_DEVICE;
        devices[device].retained++;
        *context = &devices[device].primary;
        return success;
    }

    // What was of the context goes with it.
    static void clear(int device) {
        for (auto place = memories.begin(); place != memories.end();) {
            auto next = std::next(place);
            if (place->second.device == device) drop(place);
            place = next;
        }
        auto forget = [](std::set<void*>& set, std::function<bool(void*)> isGone) {
            for (auto place = set.begin(); place != set.end();) place = isGone(*place) ? set.erase(place) : ++place;
        };
        forget(streams, [=](void* stream) { return ((weft_stream*)stream)->context->device == device; });
        forget(events, [=](void* event) { return ((weft_event*)event)->context->device == device; });
        forget(greens, [=](void* green) { return ((weft_green_context*)green)->context.device == device; });
        for (int other = 0; other < (int)devices.size(); other++) {
            reached.erase({device, other});
            reached.erase({other, device});
        }
        devices[device].lost = success;
    }

    Result cuDevicePrimaryCtxRelease_v2(weft_CUdevice device) {
        BEGIN(cuDevicePrimaryCtxRelease_v2)
        if (!isDevice(device) || devices[device].retained == 0) {
            return mistake(WEFT_CUDA_ERROR_INVALID_CONTEXT, "cuDevicePrimaryCtxRelease", "more often than retained");
        }
        if (--devices[device].retained == 0) clear(device);
        return success;
    }

    Result cuDevicePrimaryCtxReset_v2(weft_CUdevice device) {
        BEGIN(cuDevicePrimaryCtxReset_v2)
        if (!isDevice(device)) return WEFT_CUDA_ERROR_INVALID_DEVICE;
        counts["resets"]++;
        clear(device);
        return success;
    }

    Result cuCtxPushCurrent_v2(weft_CUcontext context) {
        BEGIN(cuCtxPushCurrent_v2)
        if (!context) return WEFT_CUDA_ERROR_INVALID_CONTEXT;
        if (context->green) {
            auto self = std::this_thread::get_id();
            if (!greens.count(context->green)) {
                return mistake(WEFT_CUDA_ERROR_INVALID_CONTEXT, "cuCtxPushCurrent", "a context that is gone");
            }
            if (context->holder != std::thread::id() && context->holder != self) {
                return mistake(
                    WEFT_CUDA_ERROR_INVALID_CONTEXT, "cuCtxPushCurrent", "a green context on two threads");
            }
            context->holder = self;
        }
        current.push_back(context);
        return success;
    }

    Result cuCtxPopCurrent_v2(weft_CUcontext* context) {
        BEGIN(cuCtxPopCurrent_v2)
        if (current.empty()) return mistake(WEFT_CUDA_ERROR_INVALID_CONTEXT, "cuCtxPopCurrent", "none is current");
        weft_context* last = current.back();
        current.pop_back();
        if (last->green && greens.count(last->green)) last->holder = {};
        if (context) *context = last;
        return success;
    }

    Result cuCtxSynchronize(void) {
        std::vector<weft_stream*> all;
        int ofDevice;
        {
            BEGIN_IN_CONTEXT(cuCtxSynchronize)
            ofDevice = device;
            for (void* stream : streams) {
                if (((weft_stream*)stream)->context == current.back()) all.push_back((weft_stream*)stream);
            }
        }
        for (weft_stream* stream : all) drain(stream);
        return devices[ofDevice].lost;
    }

    Result cuCtxGetStreamPriorityRange(int* least, int* greatest) {
        BEGIN_IN_CONTEXT(cuCtxGetStreamPriorityRange)
        *least = 0;
        *greatest = -settings["priorities"];
        return success;
    }

    Result cuDeviceCanAccessPeer(int* can, weft_CUdevice device, weft_CUdevice peer) {
        BEGIN(cuDeviceCanAccessPeer)
        if (!isDevice(device) || !isDevice(peer)) return WEFT_CUDA_ERROR_INVALID_DEVICE;
        *can = device != peer && settings["connected"];
        return success;
    }

    Result cuCtxEnablePeerAccess(weft_CUcontext peer, unsigned flags) {
        BEGIN_IN_CONTEXT(cuCtxEnablePeerAccess)
        if (!peer || peer->device == device || !settings["connected"] || flags) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuCtxEnablePeerAccess", "no other device that is connected");
        }
        return reached.insert({device, peer->device}).second ? success : WEFT_CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
    }

    // MARK: Memory

    Result cuMemGetInfo_v2(size_t* free, size_t* total) {
        BEGIN_IN_CONTEXT(cuMemGetInfo_v2)
        *total = (size_t)settings["memory"] << 20;
        *free = *total - devices[device].used;
        return success;
    }

    Result cuMemAlloc_v2(Address* address, size_t bytes) {
        BEGIN_IN_CONTEXT(cuMemAlloc_v2)
        if (bytes == 0) return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuMemAlloc", "no bytes");
        if (devices[device].used + bytes > (size_t)settings["memory"] << 20) return WEFT_CUDA_ERROR_OUT_OF_MEMORY;
        devices[device].used += bytes;
        Memory memory = reserve(bytes, device, Memory::own);
        memories[(Address)memory.start] = memory;
        *address = (Address)memory.start | tag;
        return success;
    }

    Result cuMemFree_v2(Address address) {
        BEGIN_IN_CONTEXT(cuMemFree_v2)
        auto place = memories.find(address & ~tag);
        if (!(address & tag) || place == memories.end() || place->second.kind != Memory::own) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuMemFree", "no such memory");
        }
        drop(place);
        return success;
    }

    Result cuMemHostAlloc(void** start, size_t bytes, unsigned flags) {
        BEGIN_IN_CONTEXT(cuMemHostAlloc)
        if (bytes == 0) return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuMemHostAlloc", "no bytes");
        Memory memory = reserve(bytes, device, Memory::pinned);
        memory.isMapped = flags & WEFT_CU_MEMHOSTALLOC_DEVICEMAP;
        memories[(Address)memory.start] = memory;
        *start = memory.start;
        return success;
    }

    Result cuMemFreeHost(void* start) {
        BEGIN_IN_CONTEXT(cuMemFreeHost)
        auto place = memories.find((Address)start);
        if (place == memories.end() || place->second.kind != Memory::pinned) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuMemFreeHost", "no such memory");
        }
        drop(place);
        return success;
    }

    Result cuMemHostRegister_v2(void* start, size_t bytes, unsigned flags) {
        BEGIN_IN_CONTEXT(cuMemHostRegister_v2)
        if (memoryAt((Address)start) || memoryAt((Address)start + bytes - 1)) {
            return WEFT_CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
        }
        bool isMapped = flags & WEFT_CU_MEMHOSTREGISTER_DEVICEMAP;
        memories[(Address)start] = {(char*)start, bytes, device, Memory::registered, isMapped, nullptr, 0};
        return success;
    }

    Result cuMemHostUnregister(void* start) {
        BEGIN_IN_CONTEXT(cuMemHostUnregister)
        auto place = memories.find((Address)start);
        if (place == memories.end() || place->second.kind != Memory::registered) {
            return mistake(WEFT_CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "cuMemHostUnregister", "no such memory");
        }
        drop(place);
        return success;
    }

    Result cuMemHostGetDevicePointer_v2(Address* address, void* start, unsigned flags) {
        BEGIN_IN_CONTEXT(cuMemHostGetDevicePointer_v2)
        Memory* memory = memoryAt((Address)start);
        if (!memory || !memory->isMapped || memory->kind == Memory::own || flags) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuMemHostGetDevicePointer", "no memory that devices see");
        }
        *address = (Address)start | tag;
        return success;
    }

    static Result copy(
        const char* call, Address on, const void* host, size_t bytes, weft_CUstream stream, bool toHost) {
        int device = stream->context->device;
        Memory* memory = memoryAt((Address)host);
        if (!memory || memory->kind == Memory::own) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, call, "memory of the host that is not pinned");
        }
        put(stream, [=]() -> Result {
            char* place = seen(on, bytes, device);
            if (!place) return WEFT_CUDA_ERROR_ILLEGAL_ADDRESS;
            if (toHost) memcpy((void*)host, place, bytes);
            else memcpy(place, host, bytes);
            return success;
        });
        return success;
    }

    Result cuMemcpyHtoDAsync_v2(Address target, const void* source, size_t bytes, weft_CUstream stream) {
        BEGIN_IN_CONTEXT(cuMemcpyHtoDAsync_v2)
        KNOWN(cuMemcpyHtoDAsync_v2, streams, stream)
        return copy("cuMemcpyHtoDAsync", target, source, bytes, stream, false);
    }

    Result cuMemcpyDtoHAsync_v2(void* target, Address source, size_t bytes, weft_CUstream stream) {
        BEGIN_IN_CONTEXT(cuMemcpyDtoHAsync_v2)
        KNOWN(cuMemcpyDtoHAsync_v2, streams, stream)
        return copy("cuMemcpyDtoHAsync", source, target, bytes, stream, true);
    }

    Result cuMemcpyPeerAsync(
        Address target, weft_CUcontext targetContext, Address source, weft_CUcontext sourceContext, size_t bytes,
        weft_CUstream stream) {
        BEGIN_IN_CONTEXT(cuMemcpyPeerAsync)
        KNOWN(cuMemcpyPeerAsync, streams, stream)
        int to = targetContext->device, from = sourceContext->device;
        if (to != device || (from != to && !reached.count({to, from}))) {
            return mistake(WEFT_CUDA_ERROR_INVALID_CONTEXT, "cuMemcpyPeerAsync", "from a device that is not reached");
        }
        counts["copies of peers"]++;
        put(stream, [=]() -> Result {
            char *written = seen(target, bytes, to), *read = seen(source, bytes, from);
            if (!written || !read) return WEFT_CUDA_ERROR_ILLEGAL_ADDRESS;
            memcpy(written, read, bytes);
            return success;
        });
        return success;
    }

    // MARK: Streams and events

    Result cuStreamCreateWithPriority(weft_CUstream* stream, unsigned flags, int priority) {
        BEGIN_IN_CONTEXT(cuStreamCreateWithPriority)
        if (flags != WEFT_CU_STREAM_NON_BLOCKING) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuStreamCreate", "a stream that blocks");
        }
        *stream = new weft_stream{current.back(), priority, {}, {}, {}};
        streams.insert(*stream);
        counts["urgent streams"] += priority < 0;
        return success;
    }

    Result cuStreamDestroy_v2(weft_CUstream stream) {
        {
            BEGIN_IN_CONTEXT(cuStreamDestroy_v2)
            KNOWN(cuStreamDestroy_v2, streams, stream)
            streams.erase(stream);
        }
        drain(stream);
        delete stream;
        return success;
    }

    Result cuStreamSynchronize(weft_CUstream stream) {
        {
            BEGIN_IN_CONTEXT(cuStreamSynchronize)
            KNOWN(cuStreamSynchronize, streams, stream)
            counts["synchronisations"]++;
        }
        return drain(stream);
    }

    Result cuEventCreate(weft_CUevent* event, unsigned flags) {
        BEGIN_IN_CONTEXT(cuEventCreate)
        *event = new weft_event{current.back(), nullptr, false, {}};
        events.insert(*event);
        return success;
    }

    // Never freed: a command of a stream may still name it.
    Result cuEventDestroy_v2(weft_CUevent event) {
        BEGIN_IN_CONTEXT(cuEventDestroy_v2)
        KNOWN(cuEventDestroy_v2, events, event)
        events.erase(event);
        return success;
    }

    Result cuEventRecord(weft_CUevent event, weft_CUstream stream) {
        BEGIN_IN_CONTEXT(cuEventRecord)
        KNOWN(cuEventRecord, events, event)
        KNOWN(cuEventRecord, streams, stream)
        if (event->context != stream->context) {
            return mistake(WEFT_CUDA_ERROR_INVALID_HANDLE, "cuEventRecord", "event and stream of two contexts");
        }
        event->stream = stream;
        event->isDone = false;
        put(stream, [=]() -> Result {
            event->time = std::chrono::steady_clock::now();
            return success;
        }, event);
        return success;
    }

    Result cuEventSynchronize(weft_CUevent event) {
        {
            BEGIN_IN_CONTEXT(cuEventSynchronize)
            KNOWN(cuEventSynchronize, events, event)
            if (!event->stream) return success;
        }
        return drain(event->stream, event);
    }

    Result cuEventElapsedTime(float* milliseconds, weft_CUevent start, weft_CUevent end) {
        BEGIN_IN_CONTEXT(cuEventElapsedTime)
        KNOWN(cuEventElapsedTime, events, start)
        KNOWN(cuEventElapsedTime, events, end)
        if (!start->stream || !end->stream) {
            return mistake(WEFT_CUDA_ERROR_INVALID_HANDLE, "cuEventElapsedTime", "an event that was not recorded");
        }
        if (!start->isDone || !end->isDone) {
            return mistake(WEFT_CUDA_ERROR_NOT_READY, "cuEventElapsedTime", "an event that was not waited for");
        }
        *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
        return success;
    }

    // MARK: Kernels

    // Bytes of a shared object, which ends with the table of its sections.
    static std::string objectAt(const char* code) {
        if (memcmp(code, ELFMAG, SELFMAG) == 0) {
            auto header = (const Elf64_Ehdr*)code;
            return std::string(code, header->e_shoff + header->e_shnum * header->e_shentsize);
        }
        std::string object;
        const char* at = strchr(code, '\n');
        if (strncmp(code, "//compute_", 10) || !at) return object;
        auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        for (at++; at[0] && at[1]; at += 2) object += (char)(digit(at[0]) << 4 | digit(at[1]));
        return object;
    }

    Result cuLibraryLoadData(
        weft_CUlibrary* library, const void* code, void*, void**, unsigned jitCount, void*, void**,
        unsigned optionCount) {
        BEGIN_IN_CONTEXT(cuLibraryLoadData)
        std::string object = objectAt((const char*)code);
        if (object.empty() || jitCount || optionCount) return WEFT_CUDA_ERROR_INVALID_IMAGE;
        int file = memfd_create("kernel", 0);
        bool isWritten = write(file, object.data(), object.size()) == (ssize_t)object.size();
        std::string path = "/proc/self/fd/" + std::to_string(file);
        void* handle = isWritten ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
        if (!handle) {
            close(file);
            return mistake(WEFT_CUDA_ERROR_INVALID_IMAGE, "cuLibraryLoadData", dlerror());
        }
        auto architecture = (const char* (*)())dlsym(handle, "weft_kernel_architecture");
        auto arguments = (unsigned (*)(const unsigned**))dlsym(handle, "weft_kernel_arguments");
        auto run = (void (*)(unsigned, unsigned, void**))dlsym(handle, "weft_kernel_run");
        if (!architecture || !arguments || !run) return WEFT_CUDA_ERROR_INVALID_IMAGE;
        std::string text = architecture();
        long number = atol(text.c_str() + text.find('_') + 1), own = settings["capability"];
        if (text[0] == 's' ? number != own : number > own) return WEFT_CUDA_ERROR_NO_BINARY_FOR_GPU;
        *library = new weft_library{handle, file, {}, 0, nullptr, run};
        (*library)->count = arguments(&(*library)->kinds);
        libraries.insert(*library);
        counts["loads"]++;
        return success;
    }

    Result cuLibraryUnload(weft_CUlibrary library) {
        BEGIN_IN_CONTEXT(cuLibraryUnload)
        KNOWN(cuLibraryUnload, libraries, library)
        libraries.erase(library);
        dlclose(library->handle);
        close(library->file);
        delete library;
        return success;
    }

    Result cuLibraryGetKernel(weft_CUkernel* kernel, weft_CUlibrary library, const char* name) {
        BEGIN_IN_CONTEXT(cuLibraryGetKernel)
        KNOWN(cuLibraryGetKernel, libraries, library)
        if (strcmp(name, "entry")) return WEFT_CUDA_ERROR_NOT_FOUND;
        *kernel = (weft_CUkernel)library;
        return success;
    }

    Result cuLaunchKernel(
        weft_CUfunction kernel, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threadsY,
        unsigned threadsZ, unsigned sharedBytes, weft_CUstream stream, void** parameters, void** extra) {
        BEGIN_IN_CONTEXT(cuLaunchKernel)
        KNOWN(cuLaunchKernel, libraries, (void*)kernel)
        KNOWN(cuLaunchKernel, streams, stream)
        bool isFlat = y == 1 && z == 1 && threadsY == 1 && threadsZ == 1;
        if (!isFlat || !x || x > 0x7fffffff || !threads || threads > 1024 || sharedBytes || extra) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuLaunchKernel", "no such grid");
        }
        auto library = (weft_library*)kernel;
        // Read now, as the driver does: the caller's words are gone when the kernel runs.
        std::vector<char> bytes(8 * library->count + 8);
        for (unsigned i = 0; i < library->count; i++) {
            memcpy(&bytes[8 * i], parameters[i], library->kinds[i] & 0xff);
        }
        counts["launches"]++;
        int on = stream->context->device;
        put(stream, [=]() { return launch(library, x, threads, bytes, on); });
        return success;
    }

    // MARK: Parts of a device

#ifndef WEFT_OLD_DRIVER
    // In the bytes that are the driver's own: device, split and group.
    struct Part { int device, split, group; };

    static Part& part(weft_CUdevResource* resource) { return *(Part*)(resource->unknown + 4); }

    Result cuDeviceGetDevResource(weft_CUdevice device, weft_CUdevResource* resource, weft_CUdevResourceType type) {
        BEGIN(cuDeviceGetDevResource)
        if (type != WEFT_CU_DEV_RESOURCE_TYPE_SM || !isDevice(device)) return WEFT_CUDA_ERROR_INVALID_RESOURCE_TYPE;
        memset(resource, 0, sizeof *resource);
        resource->type = type;
        resource->smCount = settings["multiprocessors"];
        part(resource) = {device, 0, -1};
        return success;
    }

    Result cuDevSmResourceSplitByCount(
        weft_CUdevResource* groups, unsigned* count, const weft_CUdevResource* all, weft_CUdevResource* rest,
        unsigned flags, unsigned least) {
        BEGIN(cuDevSmResourceSplitByCount)
        static int splits = 0;
        weft_CUdevResource whole = *all;
        if (whole.type != WEFT_CU_DEV_RESOURCE_TYPE_SM || flags) return WEFT_CUDA_ERROR_INVALID_RESOURCE_TYPE;
        if (part(&whole).split) return WEFT_CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
        // The least and what it must be a multiple of, by compute capability.
        long capability = settings["capability"];
        unsigned from = capability >= 90 ? 8 : capability >= 80 ? 4 : capability >= 70 ? 2 : 1;
        unsigned multiple = capability >= 90 ? 8 : capability >= 70 ? 2 : 1;
        unsigned size = (std::max(least, from) + multiple - 1) / multiple * multiple;
        if (least > whole.smCount) return WEFT_CUDA_ERROR_INVALID_VALUE;
        unsigned most = whole.smCount / size;
        *count = groups ? std::min(*count, most) : most;
        int split = ++splits;
        for (unsigned i = 0; groups && i < *count; i++) {
            groups[i] = whole;
            groups[i].smCount = size;
            part(&groups[i]) = {part(&whole).device, split, (int)i};
        }
        if (rest) {
            *rest = whole;
            rest->smCount = whole.smCount - *count * size;
            part(rest) = {part(&whole).device, split, -1};
        }
        return success;
    }

    Result cuDevResourceGenerateDesc(weft_CUdevResourceDesc* desc, weft_CUdevResource* resources, unsigned count) {
        BEGIN(cuDevResourceGenerateDesc)
        if (count == 0) return WEFT_CUDA_ERROR_INVALID_VALUE;
        auto made = std::make_unique<weft_resource_desc>();
        made->device = part(resources).device;
        made->multiprocessors = 0;
        for (unsigned i = 0; i < count; i++) {
            made->multiprocessors += resources[i].smCount;
            bool isNew = made->groups.insert(part(&resources[i]).group).second;
            if (!isNew || part(&resources[i]).split != part(resources).split || !part(resources).split) {
                return mistake(
                    WEFT_CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION, "cuDevResourceGenerateDesc", "not of one split");
            }
        }
        *desc = made.release();
        descs.insert(*desc);
        return success;
    }

    Result cuGreenCtxCreate(
        weft_CUgreenCtx* context, weft_CUdevResourceDesc desc, weft_CUdevice device, unsigned flags) {
        BEGIN(cuGreenCtxCreate)
        if (!descs.count(desc) || flags != WEFT_CU_GREEN_CTX_DEFAULT_STREAM || desc->device != device) {
            return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuGreenCtxCreate", "no such resources");
        }
        if (devices[device].lost) return devices[device].lost;
        *context = new weft_green_context{{device, nullptr, {}}, desc};
        (*context)->context.green = *context;
        greens.insert(*context);
        counts["multiprocessors of the last part"] = desc->multiprocessors;
        return success;
    }

    Result cuGreenCtxDestroy(weft_CUgreenCtx context) {
        BEGIN(cuGreenCtxDestroy)
        KNOWN(cuGreenCtxDestroy, greens, context)
        for (void* stream : streams) {
            if (((weft_stream*)stream)->context == &context->context) {
                return mistake(WEFT_CUDA_ERROR_INVALID_VALUE, "cuGreenCtxDestroy", "a stream of it is there");
            }
        }
        greens.erase(context);
        return success;
    }

    Result cuCtxFromGreenCtx(weft_CUcontext* context, weft_CUgreenCtx green) {
        BEGIN(cuCtxFromGreenCtx)
        KNOWN(cuCtxFromGreenCtx, greens, green)
        *context = &green->context;
        return success;
    }

    Result cuGreenCtxStreamCreate(weft_CUstream* stream, weft_CUgreenCtx context, unsigned flags, int priority) {
        BEGIN(cuGreenCtxStreamCreate)
        KNOWN(cuGreenCtxStreamCreate, greens, context)
        if (flags != WEFT_CU_STREAM_NON_BLOCKING) return WEFT_CUDA_ERROR_INVALID_VALUE;
        *stream = new weft_stream{&context->context, priority, {}, {}, {}};
        streams.insert(*stream);
        return success;
    }
#endif
}

// What is exported is what the program calls.
#define SAME(call) static_assert(std::is_same<decltype(&call), weft_##call>::value, #call);
SAME(cuInit) SAME(cuDriverGetVersion) SAME(cuGetErrorString) SAME(cuDeviceGetCount) SAME(cuDeviceGet)
SAME(cuDeviceGetName) SAME(cuDeviceGetUuid_v2) SAME(cuDeviceTotalMem_v2) SAME(cuDeviceGetAttribute)
SAME(cuDevicePrimaryCtxRetain) SAME(cuDevicePrimaryCtxRelease_v2) SAME(cuDevicePrimaryCtxReset_v2)
SAME(cuCtxPushCurrent_v2) SAME(cuCtxPopCurrent_v2) SAME(cuCtxSynchronize) SAME(cuCtxGetStreamPriorityRange)
SAME(cuDeviceCanAccessPeer) SAME(cuCtxEnablePeerAccess)
SAME(cuMemGetInfo_v2) SAME(cuMemAlloc_v2) SAME(cuMemFree_v2) SAME(cuMemHostAlloc) SAME(cuMemFreeHost)
SAME(cuMemHostRegister_v2) SAME(cuMemHostUnregister) SAME(cuMemHostGetDevicePointer_v2)
SAME(cuMemcpyHtoDAsync_v2) SAME(cuMemcpyDtoHAsync_v2) SAME(cuMemcpyPeerAsync) SAME(cuStreamCreateWithPriority) SAME(cuStreamDestroy_v2)
SAME(cuStreamSynchronize) SAME(cuEventCreate) SAME(cuEventDestroy_v2) SAME(cuEventRecord) SAME(cuEventSynchronize)
SAME(cuEventElapsedTime) SAME(cuLibraryLoadData) SAME(cuLibraryUnload) SAME(cuLibraryGetKernel) SAME(cuLaunchKernel)
#ifndef WEFT_OLD_DRIVER
SAME(cuDeviceGetDevResource) SAME(cuDevSmResourceSplitByCount) SAME(cuDevResourceGenerateDesc) SAME(cuGreenCtxCreate)
SAME(cuGreenCtxDestroy) SAME(cuCtxFromGreenCtx) SAME(cuGreenCtxStreamCreate)
#endif
