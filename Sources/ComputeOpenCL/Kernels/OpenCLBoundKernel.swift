import COpenCL
import Compute
import Synchronization

/// A kernel object with its buffers set; it keeps them alive.
final class OpenCLBoundKernel: BoundKernel {
    private let built: OpenCLKernel
    private let buffers: [OpenCLBuffer]
    private let windows: OwnedList<Tag.Memory>
    private let bufferArguments: Int
    /// One for each member of the device.
    private let objects: [KernelObject]

    var kernel: any Kernel { built }

    init(_ kernel: OpenCLKernel, _ buffers: [any Buffer]) throws(ComputeError) {
        let device = kernel.device
        guard buffers.count == kernel.code.bindings.count else {
            throw .argument(
                kernel: kernel.code.label, reason: "takes \(kernel.code.bindings.count) buffers, not \(buffers.count)")
        }
        let own = buffers.compactMap { $0 as? OpenCLBuffer }.filter { $0.context === device.context }
        guard own.count == buffers.count else {
            throw .argument(kernel: kernel.code.label, reason: "was given a buffer of another device")
        }
        let objects = try kernel.makeObjects()
        var windows = OwnedList<Tag.Memory>(release: device.context.release(\.releaseMemObject))
        var arguments: [Handle<Tag.Memory>] = []
        for (binding, buffer) in zip(kernel.code.bindings, own) {
            guard binding.windows > 1 else {
                arguments.append(buffer.handle)
                continue
            }
            for index in 0..<binding.windows {
                let window = try Self.window(index, of: binding, buffer, device)
                windows.append(window)
                arguments.append(window)
            }
        }
        for (index, argument) in arguments.enumerated() {
            for object in objects {
                var raw: cl_mem? = argument.raw
                let result = object.state.withLock {
                    device.functions.setKernelArg($0.owned.raw, cl_uint(index), MemoryLayout<cl_mem>.size, &raw)
                }
                try device.check(result, "clSetKernelArg of \(kernel.code.label)")
            }
        }
        bufferArguments = arguments.count
        self.objects = objects
        self.windows = windows
        self.buffers = own
        built = kernel
    }

    private static func window(
        _ index: Int, of binding: KernelBinding, _ buffer: OpenCLBuffer, _ device: OpenCLDevice
    ) throws(ComputeError) -> Handle<Tag.Memory> {
        let start = index * device.limits.windowBytes
        let end = index == binding.windows - 1 ? buffer.byteCount : start + device.limits.windowBytes
        var region = cl_buffer_region(origin: start, size: end - start)
        return try device.functions.make("clCreateSubBuffer of \(buffer.label)", of: device.description.name) {
            device.functions.createSubBuffer(
                buffer.handle.raw, 0, cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION), &region, &$0)
        }
    }

    /// Runs the kernel over `tiles`, one group a tile where there are not too many and the driver does not want another
    /// number.
    /// - Parameter member: that of the device whose queue it is.
    func enqueue(
        _ parameters: Parameters, tiles: Range<Int>, on queue: Handle<Tag.Queue>, member: Int = 0
    ) throws(ComputeError) -> DispatchEvent {
        let (words, count) = parameters.words(covering: tiles)
        precondition(count == built.code.parameterCount, "wrong parameters for \(built.code.label)")
        let functions = built.device.functions
        var groupSize = built.code.groupSize
        let groups =
            built.device.platformDevice.fixedGroups ?? min(max(1, tiles.count), built.device.limits.maxGroupCount)
        var globalSize = groups * groupSize
        let (call, code, event) = objects[member].state.withLock { object -> (String, cl_int, Handle<Tag.Dispatch>?) in
            for index in 0..<count where object.words?[index] != words[index] {
                var word = words[index]
                let code = functions.setKernelArg(object.owned.raw, cl_uint(bufferArguments + index), 4, &word)
                guard code == CL_SUCCESS else {
                    object.words = nil
                    return ("clSetKernelArg", code, nil)
                }
            }
            object.words = words
            var event: cl_event?
            let code = functions.enqueueNDRangeKernel(
                queue.raw, object.owned.raw, 1, nil, &globalSize, &groupSize, 0, nil, &event)
            return ("clEnqueueNDRangeKernel", code, event.map { Handle(raw: $0) })
        }
        try built.device.check(code, "\(call) of \(built.code.label)")
        guard let event else {
            throw .failed(device: built.device.description.name, call: call, code: Int(code))
        }
        return DispatchEvent(raw: event.raw, context: built.device.context)
    }
}

/// A kernel object: setting its arguments and enqueueing is one step, which one thread at a time may take.
final class KernelObject: Sendable {
    struct State: ~Copyable {
        let owned: Owned<Tag.Kernel>
        /// The parameters that are set: drivers allocate for each.
        var words: InlineArray<32, UInt32>?
    }

    let state: Mutex<State>

    init(_ owned: consuming Owned<Tag.Kernel>) { state = Mutex(State(owned: owned)) }
}
