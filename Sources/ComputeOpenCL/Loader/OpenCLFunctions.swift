import COpenCL
import Compute
import Glibc

/// OpenCL's functions. The loader's library is opened at run time, so that the program starts on machines without it.
struct OpenCLFunctions: @unchecked Sendable {
    let getPlatformIDs: cl_api_clGetPlatformIDs
    let getPlatformInfo: cl_api_clGetPlatformInfo
    let getDeviceIDs: cl_api_clGetDeviceIDs
    let getDeviceInfo: cl_api_clGetDeviceInfo
    let createSubDevices: cl_api_clCreateSubDevices
    let releaseDevice: cl_api_clReleaseDevice
    let createContext: cl_api_clCreateContext
    let releaseContext: cl_api_clReleaseContext
    let createCommandQueue: cl_api_clCreateCommandQueue
    let releaseCommandQueue: cl_api_clReleaseCommandQueue
    let createBuffer: cl_api_clCreateBuffer
    let createSubBuffer: cl_api_clCreateSubBuffer
    let releaseMemObject: cl_api_clReleaseMemObject
    let enqueueReadBuffer: cl_api_clEnqueueReadBuffer
    let enqueueWriteBuffer: cl_api_clEnqueueWriteBuffer
    let createProgramWithSource: cl_api_clCreateProgramWithSource
    let createProgramWithBinary: cl_api_clCreateProgramWithBinary
    let buildProgram: cl_api_clBuildProgram
    let getProgramInfo: cl_api_clGetProgramInfo
    let getProgramBuildInfo: cl_api_clGetProgramBuildInfo
    let releaseProgram: cl_api_clReleaseProgram
    let createKernel: cl_api_clCreateKernel
    let setKernelArg: cl_api_clSetKernelArg
    let releaseKernel: cl_api_clReleaseKernel
    let enqueueNDRangeKernel: cl_api_clEnqueueNDRangeKernel
    let finish: cl_api_clFinish
    let getEventInfo: cl_api_clGetEventInfo
    let getEventProfilingInfo: cl_api_clGetEventProfilingInfo
    let releaseEvent: cl_api_clReleaseEvent

    init() throws(ComputeError) {
        PoCL.offerLaneDevices()
        guard let library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL) else {
            throw .unavailable(api: .opencl, reason: "libOpenCL.so.1 cannot be opened")
        }
        let load = FunctionLoader(library: library)
        getPlatformIDs = try load("clGetPlatformIDs", as: cl_api_clGetPlatformIDs.self)
        getPlatformInfo = try load("clGetPlatformInfo", as: cl_api_clGetPlatformInfo.self)
        getDeviceIDs = try load("clGetDeviceIDs", as: cl_api_clGetDeviceIDs.self)
        getDeviceInfo = try load("clGetDeviceInfo", as: cl_api_clGetDeviceInfo.self)
        createSubDevices = try load("clCreateSubDevices", as: cl_api_clCreateSubDevices.self)
        releaseDevice = try load("clReleaseDevice", as: cl_api_clReleaseDevice.self)
        createContext = try load("clCreateContext", as: cl_api_clCreateContext.self)
        releaseContext = try load("clReleaseContext", as: cl_api_clReleaseContext.self)
        createCommandQueue = try load("clCreateCommandQueue", as: cl_api_clCreateCommandQueue.self)
        releaseCommandQueue = try load("clReleaseCommandQueue", as: cl_api_clReleaseCommandQueue.self)
        createBuffer = try load("clCreateBuffer", as: cl_api_clCreateBuffer.self)
        createSubBuffer = try load("clCreateSubBuffer", as: cl_api_clCreateSubBuffer.self)
        releaseMemObject = try load("clReleaseMemObject", as: cl_api_clReleaseMemObject.self)
        enqueueReadBuffer = try load("clEnqueueReadBuffer", as: cl_api_clEnqueueReadBuffer.self)
        enqueueWriteBuffer = try load("clEnqueueWriteBuffer", as: cl_api_clEnqueueWriteBuffer.self)
        createProgramWithSource = try load("clCreateProgramWithSource", as: cl_api_clCreateProgramWithSource.self)
        createProgramWithBinary = try load("clCreateProgramWithBinary", as: cl_api_clCreateProgramWithBinary.self)
        buildProgram = try load("clBuildProgram", as: cl_api_clBuildProgram.self)
        getProgramInfo = try load("clGetProgramInfo", as: cl_api_clGetProgramInfo.self)
        getProgramBuildInfo = try load("clGetProgramBuildInfo", as: cl_api_clGetProgramBuildInfo.self)
        releaseProgram = try load("clReleaseProgram", as: cl_api_clReleaseProgram.self)
        createKernel = try load("clCreateKernel", as: cl_api_clCreateKernel.self)
        setKernelArg = try load("clSetKernelArg", as: cl_api_clSetKernelArg.self)
        releaseKernel = try load("clReleaseKernel", as: cl_api_clReleaseKernel.self)
        enqueueNDRangeKernel = try load("clEnqueueNDRangeKernel", as: cl_api_clEnqueueNDRangeKernel.self)
        finish = try load("clFinish", as: cl_api_clFinish.self)
        getEventInfo = try load("clGetEventInfo", as: cl_api_clGetEventInfo.self)
        getEventProfilingInfo = try load("clGetEventProfilingInfo", as: cl_api_clGetEventProfilingInfo.self)
        releaseEvent = try load("clReleaseEvent", as: cl_api_clReleaseEvent.self)
    }
}

/// OpenCL's functions that give things back are of one type, as Swift imports all handles as one.
typealias Release = @convention(c) (OpaquePointer?) -> cl_int

extension OpenCLFunctions {
    /// What `create` makes.
    func make<Tag>(
        _ call: String, of device: String, _ create: (inout cl_int) -> OpaquePointer?
    ) throws(ComputeError) -> Handle<Tag> {
        var code = CL_SUCCESS
        guard let raw = create(&code) else { throw .failed(device: device, call: call, code: Int(code)) }
        return Handle(raw: raw)
    }

    /// What gives back a thing that is of no context.
    func release<Tag>(_ release: any KeyPath<OpenCLFunctions, Release> & Sendable) -> @Sendable (Handle<Tag>) -> Void {
        { [self] in _ = self[keyPath: release]($0.raw) }
    }
}

private struct FunctionLoader {
    let library: UnsafeMutableRawPointer

    func callAsFunction<Function>(_ name: String, as type: Function.Type) throws(ComputeError) -> Function {
        guard let symbol = dlsym(library, name) else {
            throw .unavailable(api: .opencl, reason: "\(name) is missing")
        }
        return unsafeBitCast(symbol, to: type)
    }
}
