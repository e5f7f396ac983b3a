import COpenCL
public import Compute

/// An OpenCL device that shares the host's memory, opened for compute.
public final class OpenCLDevice: Device {
    public let description: DeviceDescription
    public let limits: DeviceLimits
    public var dialect: Dialect { .openCL }

    let functions: OpenCLFunctions
    let handle: Handle<Tag.Device>
    let context: Handle<Tag.Context>
    private let transfers: Handle<Tag.Queue>
    private let compiler: ProgramCompiler

    /// Opens the device that `selector` names.
    ///
    /// - Parameters:
    ///   - limits: changes what the device is taken to be able to do, to test the fallbacks.
    ///   - cacheDirectory: where compiled kernels are kept between runs; `nil` keeps none.
    public convenience init(
        _ selector: DeviceSelector, in platforms: OpenCLPlatforms, cacheDirectory: String?,
        limits adjust: (inout DeviceLimits) -> Void = { _ in }
    ) throws(ComputeError) {
        let candidates = try platforms.platformDevices()
        let chosen = try selector.choose(from: candidates.map(\.description))
        guard let device = candidates.first(where: { $0.description.index == chosen.index }) else {
            throw .noSuchDevice(selector.description, available: candidates.map(\.description.name))
        }
        if let fault = device.fault { throw .unsupported(device: chosen.name, reason: fault) }
        var limits = device.limits
        adjust(&limits)
        try self.init(device, limits: limits, functions: platforms.functions, cacheDirectory: cacheDirectory)
    }

    private init(
        _ device: PlatformDevice, limits: DeviceLimits, functions: OpenCLFunctions, cacheDirectory: String?
    ) throws(ComputeError) {
        self.functions = functions
        self.limits = limits
        description = device.description
        handle = device.handle
        let name = device.description.name
        var code = CL_SUCCESS
        var raw: cl_device_id? = device.handle.raw
        guard let context = functions.createContext(nil, 1, &raw, nil, nil, &code) else {
            throw .failed(device: name, call: "clCreateContext", code: Int(code))
        }
        guard let queue = functions.createCommandQueue(context, device.handle.raw, 0, &code) else {
            _ = functions.releaseContext(context)
            throw .failed(device: name, call: "clCreateCommandQueue", code: Int(code))
        }
        self.context = Handle(raw: context)
        transfers = Handle(raw: queue)
        compiler = ProgramCompiler(
            device: device, context: self.context, functions: functions, cacheDirectory: cacheDirectory)
    }

    deinit {
        _ = functions.releaseCommandQueue(transfers.raw)
        _ = functions.releaseContext(context.raw)
    }

    public func makeBuffer(
        byteCount: Int, access: BufferAccess, label: String
    ) throws(ComputeError) -> any Buffer {
        try OpenCLBuffer(byteCount: byteCount, access: access, label: label, on: self)
    }

    public func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        guard code.dialect == dialect else {
            throw .argument(kernel: code.label, reason: "is \(code.dialect.rawValue), not \(dialect.rawValue)")
        }
        return OpenCLKernel(code, program: try compiler.compile(code), on: self)
    }

    public func makeLane(label: String) throws(ComputeError) -> any Lane {
        try OpenCLLane(label: label, on: self)
    }

    // MARK: Transfers

    /// Copies bytes to a buffer, and returns when they are there.
    func write(_ bytes: UnsafeRawBufferPointer, to memory: Handle<Tag.Memory>, at offset: Int) throws(ComputeError) {
        guard !bytes.isEmpty else { return }
        let code = functions.enqueueWriteBuffer(
            transfers.raw, memory.raw, cl_bool(CL_TRUE), offset, bytes.count, bytes.baseAddress, 0, nil, nil)
        try check(code, "clEnqueueWriteBuffer")
    }

    /// Copies bytes from a buffer, and returns when they are there.
    func read(_ memory: Handle<Tag.Memory>, at offset: Int, into bytes: UnsafeMutableRawBufferPointer)
        throws(ComputeError)
    {
        guard !bytes.isEmpty else { return }
        let code = functions.enqueueReadBuffer(
            transfers.raw, memory.raw, cl_bool(CL_TRUE), offset, bytes.count, bytes.baseAddress, 0, nil, nil)
        try check(code, "clEnqueueReadBuffer")
    }

    // MARK: Errors

    func check(_ code: cl_int, _ call: String) throws(ComputeError) {
        switch code {
        case CL_SUCCESS: return
        case CL_DEVICE_NOT_AVAILABLE: throw .deviceLost(device: description.name, call: call)
        case CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_HOST_MEMORY:
            throw .outOfMemory(device: description.name, asked: 0, available: nil)
        default: throw .failed(device: description.name, call: call, code: Int(code))
        }
    }
}
