import COpenCL
import Compute
import Synchronization

/// A kernel object with its buffers set; it keeps them alive.
final class OpenCLBoundKernel: BoundKernel {
    private let built: OpenCLKernel
    private let buffers: [OpenCLBuffer]
    private let windows: [Handle<Tag.Memory>]
    private let bufferArguments: Int
    /// Setting arguments and enqueueing is one step, which one thread at a time may take.
    private let object: Mutex<Handle<Tag.Kernel>>

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
        var code = CL_SUCCESS
        guard let object = device.functions.createKernel(kernel.program.raw, "entry", &code) else {
            throw .failed(
                device: device.description.name, call: "clCreateKernel of \(kernel.code.label)", code: Int(code))
        }
        var windows: [Handle<Tag.Memory>] = []
        do throws(ComputeError) {
            var arguments: [Handle<Tag.Memory>] = []
            for (binding, buffer) in zip(kernel.code.bindings, own) {
                guard binding.windows > 1 else {
                    arguments.append(buffer.handle)
                    continue
                }
                for index in 0..<binding.windows {
                    windows.append(try Self.window(index, of: binding, buffer, device))
                    arguments.append(windows[windows.count - 1])
                }
            }
            for (index, argument) in arguments.enumerated() {
                var raw: cl_mem? = argument.raw
                let result = device.functions.setKernelArg(object, cl_uint(index), MemoryLayout<cl_mem>.size, &raw)
                try device.check(result, "clSetKernelArg of \(kernel.code.label)")
            }
            bufferArguments = arguments.count
        } catch {
            for window in windows { _ = device.functions.releaseMemObject(window.raw) }
            _ = device.functions.releaseKernel(object)
            throw error
        }
        self.object = Mutex(Handle(raw: object))
        self.windows = windows
        self.buffers = own
        built = kernel
    }

    deinit {
        let functions = built.device.functions
        object.withLock { _ = functions.releaseKernel($0.raw) }
        for window in windows { _ = functions.releaseMemObject(window.raw) }
    }

    private static func window(
        _ index: Int, of binding: KernelBinding, _ buffer: OpenCLBuffer, _ device: OpenCLDevice
    ) throws(ComputeError) -> Handle<Tag.Memory> {
        let start = index * device.limits.windowBytes
        let end = index == binding.windows - 1 ? buffer.byteCount : start + device.limits.windowBytes
        var region = cl_buffer_region(origin: start, size: end - start)
        var code = CL_SUCCESS
        let window = device.functions.createSubBuffer(
            buffer.handle.raw, 0, cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION), &region, &code)
        guard let window else {
            throw .failed(
                device: device.description.name, call: "clCreateSubBuffer of \(buffer.label)", code: Int(code))
        }
        return Handle(raw: window)
    }

    /// Runs the kernel over `tiles`, one group a tile where there are not too many and the driver does not want another
    /// number.
    /// - Returns: the event of the dispatch, which the caller releases.
    func enqueue(
        _ parameters: Parameters, tiles: Range<Int>, on queue: Handle<Tag.Queue>
    ) throws(ComputeError) -> cl_event {
        let (words, count) = parameters.words(covering: tiles)
        precondition(count == built.code.parameterCount, "wrong parameters for \(built.code.label)")
        let functions = built.device.functions
        var groupSize = built.code.groupSize
        let groups =
            built.device.platformDevice.fixedGroups ?? min(max(1, tiles.count), built.device.limits.maxGroupCount)
        var globalSize = groups * groupSize
        let (call, code, event) = object.withLock { object -> (String, cl_int, Handle<Tag.Dispatch>?) in
            for index in 0..<count {
                var word = words[index]
                let code = functions.setKernelArg(object.raw, cl_uint(bufferArguments + index), 4, &word)
                guard code == CL_SUCCESS else { return ("clSetKernelArg", code, nil) }
            }
            var event: cl_event?
            let code = functions.enqueueNDRangeKernel(
                queue.raw, object.raw, 1, nil, &globalSize, &groupSize, 0, nil, &event)
            return ("clEnqueueNDRangeKernel", code, event.map { Handle(raw: $0) })
        }
        try built.device.check(code, "\(call) of \(built.code.label)")
        guard let event else {
            throw .failed(device: built.device.description.name, call: call, code: Int(code))
        }
        return event.raw
    }
}
