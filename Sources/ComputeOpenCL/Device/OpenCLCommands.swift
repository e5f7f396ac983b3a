import COpenCL
import Compute

/// Dispatches to a queue that works in order: each sees the writes of those before it.
final class OpenCLCommands: Commands {
    private let queue: Handle<Tag.Queue>
    private let device: OpenCLDevice
    private var first: DispatchEvent?
    private var last: DispatchEvent?
    /// Why a dispatch was refused; those after it are left out.
    private(set) var failure: ComputeError?

    init(_ queue: Handle<Tag.Queue>, device: OpenCLDevice) {
        self.queue = queue
        self.device = device
    }

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        if !tiles.isEmpty { enqueue(kernel, parameters, tiles: tiles) }
    }

    func touch(_ kernel: any BoundKernel) {
        enqueue(kernel, Parameters(zerosFor: kernel.kernel.code), tiles: 0..<0)
    }

    private func enqueue(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        guard failure == nil else { return }
        guard let bound = kernel as? OpenCLBoundKernel else {
            preconditionFailure("a kernel of another backend was dispatched")
        }
        do throws(ComputeError) {
            let event = try bound.enqueue(parameters, tiles: tiles, on: queue)
            if first == nil { first = consume event } else { last = consume event }
        } catch { failure = error }
    }

    /// From the start of the first dispatch to the end of the last; call when the queue is done.
    /// - Throws: `ComputeError.deviceLost` where the last dispatch ended in an error.
    func seconds() throws(ComputeError) -> Double? {
        guard let start = first?.raw else { return 0 }
        let end = last?.raw ?? start
        try DispatchEvent.check(end, on: device)
        guard let start = nanoseconds(start, CL_PROFILING_COMMAND_START),
            let end = nanoseconds(end, CL_PROFILING_COMMAND_END), end >= start
        else { return nil }
        return Double(end - start) * 1e-9
    }

    private func nanoseconds(_ event: cl_event, _ moment: Int32) -> UInt64? {
        var value: cl_ulong = 0
        let code = device.functions.getEventProfilingInfo(
            event, cl_profiling_info(moment), MemoryLayout<cl_ulong>.size, &value, nil)
        return code == CL_SUCCESS ? value : nil
    }
}

/// The event of a dispatch: one for each, so it is as small as can be.
struct DispatchEvent: ~Copyable {
    let raw: cl_event
    let context: OpenCLContext

    /// - Throws: `ComputeError.deviceLost` where a dispatch that is over ended in an error.
    static func check(_ event: cl_event, on device: OpenCLDevice) throws(ComputeError) {
        var status: cl_int = 0
        _ = device.functions.getEventInfo(
            event, cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS), MemoryLayout<cl_int>.size, &status, nil)
        guard status >= 0 else { throw .deviceLost(device: device.description.name, call: "clFinish") }
    }

    deinit { _ = context.functions.releaseEvent(raw) }
}
