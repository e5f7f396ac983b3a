import COpenCL
import Compute

/// One in-order command queue.
final class OpenCLLane: Lane {
    private let label: String
    private let device: OpenCLDevice
    private let queue: Owned<Tag.Queue>

    init(label: String, on device: OpenCLDevice) throws(ComputeError) {
        self.label = label
        self.device = device
        let profiling = cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE)
        queue = try device.context.own("clCreateCommandQueue", \.releaseCommandQueue) {
            device.functions.createCommandQueue(device.context.handle.raw, device.members[0].handle.raw, profiling, &$0)
        }
    }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let commands = OpenCLCommands(queue.handle, device: device)
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
