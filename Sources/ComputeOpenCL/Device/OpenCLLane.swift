import COpenCL
import Compute

/// One in-order command queue.
final class OpenCLLane: Lane {
    private let label: String
    private let device: OpenCLDevice
    private let queue: Handle<Tag.Queue>

    init(label: String, on device: OpenCLDevice) throws(ComputeError) {
        self.label = label
        self.device = device
        var code = CL_SUCCESS
        let profiling = cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE)
        let queue = device.functions.createCommandQueue(device.context.handle.raw, device.handle.raw, profiling, &code)
        guard let queue else {
            throw .failed(device: device.description.name, call: "clCreateCommandQueue", code: Int(code))
        }
        self.queue = Handle(raw: queue)
    }

    deinit { _ = device.functions.releaseCommandQueue(queue.raw) }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let commands = OpenCLCommands(queue, device: device)
        var failure: ComputeError?
        do throws(ComputeError) { try record(commands) } catch { failure = error }
        // Dispatches are under way as soon as they are recorded: whatever was recorded must end before buffers may go.
        let code = device.functions.finish(queue.raw)
        if let failure { throw failure }
        if let failure = commands.failure { throw failure }
        try device.check(code, "clFinish on lane \(label)")
        return try commands.seconds()
    }
}
