import CCUDA
import Compute
import Glibc

/// The functions of NVIDIA's driver. Its library is opened at run time, so that the program starts on machines without
/// it.
struct CUDAFunctions: @unchecked Sendable {
    let library: UnsafeMutableRawPointer

    let initialize: weft_cuInit
    let driverGetVersion: weft_cuDriverGetVersion
    let getErrorString: weft_cuGetErrorString
    let deviceGetCount: weft_cuDeviceGetCount
    let deviceGet: weft_cuDeviceGet
    let deviceGetName: weft_cuDeviceGetName
    let deviceGetUuid: weft_cuDeviceGetUuid_v2
    let deviceTotalMem: weft_cuDeviceTotalMem_v2
    let deviceGetAttribute: weft_cuDeviceGetAttribute
    let primaryContextRetain: weft_cuDevicePrimaryCtxRetain
    let primaryContextRelease: weft_cuDevicePrimaryCtxRelease_v2
    let primaryContextReset: weft_cuDevicePrimaryCtxReset_v2
    let contextPush: weft_cuCtxPushCurrent_v2
    let contextPop: weft_cuCtxPopCurrent_v2
    let contextSynchronize: weft_cuCtxSynchronize
    let streamPriorityRange: weft_cuCtxGetStreamPriorityRange
    let deviceCanAccessPeer: weft_cuDeviceCanAccessPeer
    let contextEnablePeerAccess: weft_cuCtxEnablePeerAccess
    let memGetInfo: weft_cuMemGetInfo_v2
    let memAlloc: weft_cuMemAlloc_v2
    let memFree: weft_cuMemFree_v2
    let memHostAlloc: weft_cuMemHostAlloc
    let memFreeHost: weft_cuMemFreeHost
    let memHostRegister: weft_cuMemHostRegister_v2
    let memHostUnregister: weft_cuMemHostUnregister
    let memHostGetDevicePointer: weft_cuMemHostGetDevicePointer_v2
    let memcpyHtoD: weft_cuMemcpyHtoDAsync_v2
    let memcpyDtoH: weft_cuMemcpyDtoHAsync_v2
    let memcpyPeer: weft_cuMemcpyPeerAsync
    let streamCreate: weft_cuStreamCreateWithPriority
    let streamDestroy: weft_cuStreamDestroy_v2
    let streamSynchronize: weft_cuStreamSynchronize
    let eventCreate: weft_cuEventCreate
    let eventDestroy: weft_cuEventDestroy_v2
    let eventRecord: weft_cuEventRecord
    let eventSynchronize: weft_cuEventSynchronize
    let eventElapsedTime: weft_cuEventElapsedTime
    let libraryLoadData: weft_cuLibraryLoadData
    let libraryUnload: weft_cuLibraryUnload
    let libraryGetKernel: weft_cuLibraryGetKernel
    let launchKernel: weft_cuLaunchKernel
    /// `nil` where the driver is older than they are.
    let green: GreenFunctions?

    /// - Parameter path: the driver's library; `nil` for the one that `WEFT_LIBCUDA` names, or else the system's.
    /// - Throws: `ComputeError.unavailable` without a driver, or with one that is too old.
    init(library path: String?) throws(ComputeError) {
        let path = path ?? getenv("WEFT_LIBCUDA").map { String(cString: $0) } ?? "libcuda.so.1"
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw .unavailable(
                api: .cuda, reason: "\(path) cannot be opened; NVIDIA's driver brings it, and WEFT_LIBCUDA may name it")
        }
        self.library = library
        let load = FunctionLoader(library: library)
        initialize = try load("cuInit", as: weft_cuInit.self)
        driverGetVersion = try load("cuDriverGetVersion", as: weft_cuDriverGetVersion.self)
        getErrorString = try load("cuGetErrorString", as: weft_cuGetErrorString.self)
        deviceGetCount = try load("cuDeviceGetCount", as: weft_cuDeviceGetCount.self)
        deviceGet = try load("cuDeviceGet", as: weft_cuDeviceGet.self)
        deviceGetName = try load("cuDeviceGetName", as: weft_cuDeviceGetName.self)
        deviceGetUuid = try load("cuDeviceGetUuid_v2", as: weft_cuDeviceGetUuid_v2.self)
        deviceTotalMem = try load("cuDeviceTotalMem_v2", as: weft_cuDeviceTotalMem_v2.self)
        deviceGetAttribute = try load("cuDeviceGetAttribute", as: weft_cuDeviceGetAttribute.self)
        primaryContextRetain = try load("cuDevicePrimaryCtxRetain", as: weft_cuDevicePrimaryCtxRetain.self)
        primaryContextRelease = try load("cuDevicePrimaryCtxRelease_v2", as: weft_cuDevicePrimaryCtxRelease_v2.self)
        primaryContextReset = try load("cuDevicePrimaryCtxReset_v2", as: weft_cuDevicePrimaryCtxReset_v2.self)
        contextPush = try load("cuCtxPushCurrent_v2", as: weft_cuCtxPushCurrent_v2.self)
        contextPop = try load("cuCtxPopCurrent_v2", as: weft_cuCtxPopCurrent_v2.self)
        contextSynchronize = try load("cuCtxSynchronize", as: weft_cuCtxSynchronize.self)
        streamPriorityRange = try load("cuCtxGetStreamPriorityRange", as: weft_cuCtxGetStreamPriorityRange.self)
        deviceCanAccessPeer = try load("cuDeviceCanAccessPeer", as: weft_cuDeviceCanAccessPeer.self)
        contextEnablePeerAccess = try load("cuCtxEnablePeerAccess", as: weft_cuCtxEnablePeerAccess.self)
        memGetInfo = try load("cuMemGetInfo_v2", as: weft_cuMemGetInfo_v2.self)
        memAlloc = try load("cuMemAlloc_v2", as: weft_cuMemAlloc_v2.self)
        memFree = try load("cuMemFree_v2", as: weft_cuMemFree_v2.self)
        memHostAlloc = try load("cuMemHostAlloc", as: weft_cuMemHostAlloc.self)
        memFreeHost = try load("cuMemFreeHost", as: weft_cuMemFreeHost.self)
        memHostRegister = try load("cuMemHostRegister_v2", as: weft_cuMemHostRegister_v2.self)
        memHostUnregister = try load("cuMemHostUnregister", as: weft_cuMemHostUnregister.self)
        memHostGetDevicePointer = try load("cuMemHostGetDevicePointer_v2", as: weft_cuMemHostGetDevicePointer_v2.self)
        memcpyHtoD = try load("cuMemcpyHtoDAsync_v2", as: weft_cuMemcpyHtoDAsync_v2.self)
        memcpyDtoH = try load("cuMemcpyDtoHAsync_v2", as: weft_cuMemcpyDtoHAsync_v2.self)
        memcpyPeer = try load("cuMemcpyPeerAsync", as: weft_cuMemcpyPeerAsync.self)
        streamCreate = try load("cuStreamCreateWithPriority", as: weft_cuStreamCreateWithPriority.self)
        streamDestroy = try load("cuStreamDestroy_v2", as: weft_cuStreamDestroy_v2.self)
        streamSynchronize = try load("cuStreamSynchronize", as: weft_cuStreamSynchronize.self)
        eventCreate = try load("cuEventCreate", as: weft_cuEventCreate.self)
        eventDestroy = try load("cuEventDestroy_v2", as: weft_cuEventDestroy_v2.self)
        eventRecord = try load("cuEventRecord", as: weft_cuEventRecord.self)
        eventSynchronize = try load("cuEventSynchronize", as: weft_cuEventSynchronize.self)
        eventElapsedTime = try load("cuEventElapsedTime", as: weft_cuEventElapsedTime.self)
        libraryLoadData = try load("cuLibraryLoadData", as: weft_cuLibraryLoadData.self)
        libraryUnload = try load("cuLibraryUnload", as: weft_cuLibraryUnload.self)
        libraryGetKernel = try load("cuLibraryGetKernel", as: weft_cuLibraryGetKernel.self)
        launchKernel = try load("cuLaunchKernel", as: weft_cuLaunchKernel.self)
        green = try? GreenFunctions(load)
    }

    /// The driver's words for a result.
    func text(_ code: weft_CUresult) -> String {
        var text: UnsafePointer<CChar>?
        _ = getErrorString(code, &text)
        return text.map { "\(String(cString: $0)) (\(code))" } ?? "error \(code)"
    }
}

/// What gives contexts a part of a device, since CUDA 12.5.
struct GreenFunctions: @unchecked Sendable {
    let deviceGetResource: weft_cuDeviceGetDevResource
    let resourceSplit: weft_cuDevSmResourceSplitByCount
    let resourceDescribe: weft_cuDevResourceGenerateDesc
    let contextCreate: weft_cuGreenCtxCreate
    let contextDestroy: weft_cuGreenCtxDestroy
    let asContext: weft_cuCtxFromGreenCtx
    let streamCreate: weft_cuGreenCtxStreamCreate

    fileprivate init(_ load: FunctionLoader) throws(ComputeError) {
        deviceGetResource = try load("cuDeviceGetDevResource", as: weft_cuDeviceGetDevResource.self)
        resourceSplit = try load("cuDevSmResourceSplitByCount", as: weft_cuDevSmResourceSplitByCount.self)
        resourceDescribe = try load("cuDevResourceGenerateDesc", as: weft_cuDevResourceGenerateDesc.self)
        contextCreate = try load("cuGreenCtxCreate", as: weft_cuGreenCtxCreate.self)
        contextDestroy = try load("cuGreenCtxDestroy", as: weft_cuGreenCtxDestroy.self)
        asContext = try load("cuCtxFromGreenCtx", as: weft_cuCtxFromGreenCtx.self)
        streamCreate = try load("cuGreenCtxStreamCreate", as: weft_cuGreenCtxStreamCreate.self)
    }
}

private struct FunctionLoader {
    let library: UnsafeMutableRawPointer

    func callAsFunction<Function>(_ name: String, as type: Function.Type) throws(ComputeError) -> Function {
        guard let symbol = dlsym(library, name) else {
            throw .unavailable(
                api: .cuda, reason: "\(name) is missing in NVIDIA's driver, which must be of CUDA 12.0 or later")
        }
        return unsafeBitCast(symbol, to: type)
    }
}
