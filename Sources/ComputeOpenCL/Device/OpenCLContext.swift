import COpenCL
import Compute

/// What the parts of a device have in common: memory, and a queue for copies.
final class OpenCLContext: Sendable {
    /// The name of the device that the context is for.
    let name: String
    let functions: OpenCLFunctions
    let handle: Handle<Tag.Context>
    private let transfers: Handle<Tag.Queue>

    /// - Parameter devices: the device, then its parts.
    init(_ devices: [Handle<Tag.Device>], name: String, functions: OpenCLFunctions) throws(ComputeError) {
        var code = CL_SUCCESS
        var raw = devices.map { Optional($0.raw) }
        guard let context = functions.createContext(nil, cl_uint(raw.count), &raw, nil, nil, &code) else {
            throw .failed(device: name, call: "clCreateContext", code: Int(code))
        }
        guard let queue = functions.createCommandQueue(context, raw[0], 0, &code) else {
            _ = functions.releaseContext(context)
            throw .failed(device: name, call: "clCreateCommandQueue", code: Int(code))
        }
        self.name = name
        self.functions = functions
        handle = Handle(raw: context)
        transfers = Handle(raw: queue)
    }

    deinit {
        _ = functions.releaseCommandQueue(transfers.raw)
        _ = functions.releaseContext(handle.raw)
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
        case CL_DEVICE_NOT_AVAILABLE: throw .deviceLost(device: name, call: call)
        case CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_HOST_MEMORY:
            throw .outOfMemory(device: name, asked: 0, available: nil)
        default: throw .failed(device: name, call: call, code: Int(code))
        }
    }
}
