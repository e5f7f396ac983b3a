import COpenCL
import Compute

/// What the parts of a device have in common: memory, and a queue for copies.
final class OpenCLContext: Sendable {
    /// The name of the device that the context is for.
    let name: String
    let functions: OpenCLFunctions
    private let context: Owned<Tag.Context>
    private let transfers: Owned<Tag.Queue>

    var handle: Handle<Tag.Context> { context.handle }

    /// - Parameter devices: the device, then those that do its work and its parts; any may stand twice.
    init(_ devices: [Handle<Tag.Device>], name: String, functions: OpenCLFunctions) throws(ComputeError) {
        self.name = name
        self.functions = functions
        var known: Set<Handle<Tag.Device>> = []
        var raw = devices.filter { known.insert($0).inserted }.map { Optional($0.raw) }
        let context: Handle<Tag.Context> = try functions.make("clCreateContext", of: name) {
            functions.createContext(nil, cl_uint(raw.count), &raw, nil, nil, &$0)
        }
        self.context = Owned(context, release: functions.release(\.releaseContext))
        let queue: Handle<Tag.Queue> = try functions.make("clCreateCommandQueue", of: name) {
            functions.createCommandQueue(context.raw, raw[0], 0, &$0)
        }
        transfers = Owned(queue, release: functions.release(\.releaseCommandQueue))
    }

    /// What `create` makes, to be given back by `release`.
    func own<Tag>(
        _ call: String, _ release: any KeyPath<OpenCLFunctions, Release> & Sendable,
        _ create: (inout cl_int) -> OpaquePointer?
    ) throws(ComputeError) -> Owned<Tag> {
        Owned(try functions.make(call, of: name, create), release: self.release(release))
    }

    /// What gives back a thing of the context, which lives until then.
    func release<Tag>(_ release: any KeyPath<OpenCLFunctions, Release> & Sendable) -> @Sendable (Handle<Tag>) -> Void {
        { [self] in _ = functions[keyPath: release]($0.raw) }
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
