import COpenCL
import Compute
import Synchronization

/// A kernel object with its buffers set; it keeps them alive.
final class OpenCLBoundKernel: BoundKernel {
    private let built: OpenCLKernel
    private let buffers: [OpenCLBuffer]
    private let windows: OwnedList<Tag.Memory>
    private let bufferArguments: Int
    /// One for each program of the kernel.
    private let objects: [KernelObject]
    /// Of the arguments that are buffers, for who calls the kernel without a queue; `nil` where nobody may.
    private let addresses: Addresses?

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
        addresses = Self.addresses(kernel, own, objects[0])
        self.objects = objects
        self.windows = windows
        self.buffers = own
        built = kernel
    }

    private static func addresses(
        _ kernel: OpenCLKernel, _ buffers: [OpenCLBuffer], _ object: KernelObject
    ) -> Addresses? {
        guard kernel.mayTellPlace else { return nil }
        var list: [UInt] = []
        for (binding, buffer) in zip(kernel.code.bindings, buffers) {
            guard let address = buffer.address else { return nil }
            for index in 0..<binding.windows {
                list.append(UInt(bitPattern: address + index * kernel.device.limits.windowBytes))
            }
        }
        // Fails where the kernel has no such argument.
        let place = cl_uint(list.count + kernel.code.parameterCount)
        let code = object.state.withLock {
            kernel.device.functions.setKernelArg($0.owned.raw, place, MemoryLayout<cl_mem>.size, nil)
        }
        return code == CL_SUCCESS ? Addresses(list) : nil
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

    /// The kernel with its buffers, for threads to call it without a queue.
    struct Call: Sendable {
        fileprivate let function: CompiledFunction
        fileprivate let addresses: Addresses
        fileprivate let kernel: KernelCode

        func callAsFunction(_ parameters: Parameters, tiles: Range<Int>) {
            let (words, count) = parameters.words(covering: tiles)
            precondition(count == kernel.parameterCount, "wrong parameters for \(kernel.label)")
            function.call(addresses.list, words, count: count)
        }
    }

    /// Has the kernel compiled where that was not done yet.
    /// - Returns: `nil` where it may not be called without a queue.
    func call(on queue: Handle<Tag.Queue>) throws(ComputeError) -> Call? {
        guard let addresses else { return nil }
        let function = try built.function { () throws(ComputeError) in
            let device = built.device, index = cl_uint(bufferArguments + built.code.parameterCount)
            let place = try OpenCLBuffer(
                byteCount: MemoryLayout<UInt>.size, access: .download, label: "place", in: device.context,
                limits: device.limits)
            func set(_ memory: cl_mem?) throws(ComputeError) {
                var memory = memory
                let code = objects[0].state.withLock {
                    device.functions.setKernelArg($0.owned.raw, index, MemoryLayout<cl_mem>.size, &memory)
                }
                try device.check(code, "clSetKernelArg of \(built.code.label)")
            }
            try set(place.handle.raw)
            let event = try enqueue(Parameters(zerosFor: built.code), tiles: 0..<0, on: queue)
            try device.check(device.functions.finish(queue.raw), "clFinish of \(built.code.label)")
            try DispatchEvent.check(event.raw, on: device)
            try set(nil)
            return place.contents?.load(as: UInt.self) ?? 0
        }
        return function.map { Call(function: $0, addresses: addresses, kernel: built.code) }
    }

    /// Runs the kernel over `tiles` and waits for its end.
    /// - Parameter member: that of the device whose queue it is.
    func run(
        _ parameters: Parameters, tiles: Range<Int>, on queue: Handle<Tag.Queue>, member: Int
    ) throws(ComputeError) {
        let device = built.device
        let event = try enqueue(parameters, tiles: tiles, on: queue, member: member)
        try device.check(device.functions.finish(queue.raw), "clFinish of \(built.code.label)")
        try DispatchEvent.check(event.raw, on: device)
    }

    /// Whether each member has a program of its own.
    var isForAllMembers: Bool { objects.count == built.device.members.count }

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

/// Numbers at one place for as long as they live.
private final class Addresses: @unchecked Sendable {
    let list: UnsafeMutableBufferPointer<UInt>

    init(_ numbers: [UInt]) {
        list = .allocate(capacity: numbers.count)
        _ = list.initialize(from: numbers)
    }

    deinit { list.deallocate() }
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
