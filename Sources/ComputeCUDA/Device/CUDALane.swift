import CCUDA
import Compute

/// One stream, with two events that tell how long the device was at work.
final class CUDALane: Lane {
    private let label: String
    private let device: CUDADevice
    private let stream: CUDAStream
    private let start: Owned<Tag.Event>
    private let end: Owned<Tag.Event>

    init(label: String, on device: CUDADevice) throws(ComputeError) {
        self.label = label
        self.device = device
        stream = try CUDAStream(device.share, in: device.context)
        start = try stream.makeEvent()
        end = try stream.makeEvent()
    }

    /// Kernels are under way as soon as they are recorded, and are waited for once.
    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let (context, functions) = (device.context, device.functions)
        try context.enter(stream.part)
        defer { context.leave() }
        let commands = CUDACommands(stream.raw, device: device)
        try context.check(functions.eventRecord(start.raw, stream.raw), "cuEventRecord on lane \(label)")
        var failure: ComputeError?
        do throws(ComputeError) { try record(commands) } catch { failure = error }
        let recorded = functions.eventRecord(end.raw, stream.raw)
        // Whatever was recorded must end before buffers may go.
        let code = functions.streamSynchronize(stream.raw)
        if let failure { throw failure }
        if let failure = commands.failure { throw failure }
        try context.check(recorded, "cuEventRecord on lane \(label)")
        try context.check(code, "cuStreamSynchronize on lane \(label)")
        var milliseconds: Float = 0
        try context.check(
            functions.eventElapsedTime(&milliseconds, start.raw, end.raw), "cuEventElapsedTime on lane \(label)")
        return commands.isEmpty ? 0 : Double(milliseconds) * 1e-3
    }
}

/// Work in order, and the context that it belongs to: the primary one, or one with multiprocessors of its own.
///
/// Such a context may be current on one thread at a time, so each stream has one.
final class CUDAStream: Sendable {
    private let context: CUDAContext
    private let stream: Owned<Tag.Stream>
    private let green: GreenContext?

    var raw: weft_CUstream { stream.raw }
    /// The context to make current; `nil` for the primary one.
    var part: weft_CUcontext? { green?.asContext.raw }

    init(_ share: CUDADevice.Share, in context: CUDAContext) throws(ComputeError) {
        self.context = context
        let functions = context.functions
        let flags = UInt32(WEFT_CU_STREAM_NON_BLOCKING)
        if case .multiprocessors(let resources) = share, let calls = functions.green {
            let green = try GreenContext(resources, in: context, calls)
            self.green = green
            stream = try context.own("cuGreenCtxStreamCreate") {
                calls.streamCreate(&$0, green.raw, flags, 0)
            } release: { [green] stream in
                withExtendedLifetime(green) { functions.streamDestroy(stream) }
            }
        } else {
            let priority: CInt = if case .priority(let priority) = share { priority } else { 0 }
            green = nil
            stream = try context.own("cuStreamCreateWithPriority") {
                functions.streamCreate(&$0, flags, priority)
            } release: {
                functions.streamDestroy($0)
            }
        }
    }

    /// An event of the stream's context.
    func makeEvent() throws(ComputeError) -> Owned<Tag.Event> {
        let functions = context.functions
        return try context.own("cuEventCreate", in: part) {
            functions.eventCreate(&$0, UInt32(WEFT_CU_EVENT_DEFAULT))
        } release: { [self] event in
            withExtendedLifetime(self) { functions.eventDestroy(event) }
        }
    }

    private final class GreenContext: Sendable {
        private let green: Owned<Tag.GreenContext>
        let asContext: Handle<Tag.GreenContext>

        var raw: weft_CUgreenCtx { green.raw }

        init(
            _ resources: ResourceDescription, in context: CUDAContext, _ calls: GreenFunctions
        ) throws(ComputeError) {
            let flags = UInt32(WEFT_CU_GREEN_CTX_DEFAULT_STREAM)
            green = try context.own("cuGreenCtxCreate") {
                calls.contextCreate(&$0, resources.raw, context.device, flags)
            } release: {
                calls.contextDestroy($0)
            }
            let raw = green.raw
            let made = try context.call("cuCtxFromGreenCtx", weft_CUcontext?.none) { calls.asContext(&$0, raw) }
            guard let made else { throw .failed(device: context.name, call: "cuCtxFromGreenCtx", code: 0) }
            asContext = Handle(raw: made)
        }
    }
}
