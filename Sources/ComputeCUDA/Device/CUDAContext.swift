import CCUDA
import Compute
import Synchronization

/// The primary context of a device, of which all its memory, kernels and streams are. All parts of a device, and all
/// who open it in this process, share it.
final class CUDAContext: Sendable {
    let device: weft_CUdevice
    /// The name of the device.
    let name: String
    let functions: CUDAFunctions
    private let context: Owned<Tag.PrimaryContext>
    private let life: ContextLife

    var raw: weft_CUcontext { context.raw }

    /// Two who open a device that was lost must not both reset it.
    private static let opening = Mutex(())

    /// Opens the context, anew where an error has ended the one before.
    init(_ device: weft_CUdevice, name: String, functions: CUDAFunctions) throws(ComputeError) {
        (self.device, self.name, self.functions) = (device, name, functions)
        context = try Self.opening.withLock { (_) throws(ComputeError) in try Self.open(device, name, functions) }
        life = ContextLife.of(device, functions)
    }

    private static func open(
        _ device: weft_CUdevice, _ name: String, _ functions: CUDAFunctions
    ) throws(ComputeError) -> Owned<Tag.PrimaryContext> {
        if !ContextLife.of(device, functions).isLost {
            do throws(ComputeError) {
                let context = try retain(device, name, functions)
                // An error that ended a context is reported by every later call.
                var code = functions.contextPush(context.raw)
                if code == WEFT_CUDA_SUCCESS {
                    code = functions.contextSynchronize()
                    _ = functions.contextPop(nil)
                }
                if let error = error(code, "cuCtxSynchronize", name, functions) { throw error }
                return context
            } catch {
                guard case .deviceLost = error else { throw error }
            }
        }
        ContextLife.begin(device, functions)
        guard functions.primaryContextReset(device) == WEFT_CUDA_SUCCESS else {
            throw .deviceLost(device: name, call: "cuDevicePrimaryCtxReset")
        }
        return try retain(device, name, functions)
    }

    private static func retain(
        _ device: weft_CUdevice, _ name: String, _ functions: CUDAFunctions
    ) throws(ComputeError) -> Owned<Tag.PrimaryContext> {
        var raw: weft_CUcontext?
        let code = functions.primaryContextRetain(&raw, device)
        if let error = error(code, "cuDevicePrimaryCtxRetain", name, functions) { throw error }
        guard let raw else { throw .failed(device: name, call: "cuDevicePrimaryCtxRetain", code: 0) }
        return Owned(Handle(raw: raw)) { _ in _ = functions.primaryContextRelease(device) }
    }

    // MARK: Calls

    /// Makes a call with a context current on this thread: this one, or a part's.
    func call<Value>(
        _ name: String, in part: weft_CUcontext? = nil, _ initial: Value,
        _ body: (inout Value) -> weft_CUresult
    ) throws(ComputeError) -> Value {
        var value = initial
        try enter(part)
        let code = body(&value)
        leave()
        try check(code, name)
        return value
    }

    /// Makes a context current on this thread until `leave`.
    /// - Throws: `ComputeError.deviceLost` where an error has ended the context.
    func enter(_ part: weft_CUcontext? = nil) throws(ComputeError) {
        guard !life.isLost else { throw .deviceLost(device: name, call: "an earlier call") }
        try check(functions.contextPush(part ?? context.raw), "cuCtxPushCurrent")
    }

    func leave() { _ = functions.contextPop(nil) }

    /// What `create` makes, to be given back by `release` with the context current, unless that has ended.
    func own<Tag>(
        _ call: String, in part: weft_CUcontext? = nil, _ create: (inout OpaquePointer?) -> weft_CUresult,
        release: @escaping @Sendable (OpaquePointer) -> weft_CUresult
    ) throws(ComputeError) -> Owned<Tag> {
        guard let raw = try self.call(call, in: part, nil, create) else {
            throw .failed(device: name, call: call, code: 0)
        }
        return Owned(Handle(raw: raw)) { [self] handle in
            // What was of a context that has ended went with it; its address may be another's by now.
            guard !life.isLost, (try? enter()) != nil else { return }
            _ = release(handle.raw)
            leave()
        }
    }

    /// Bytes that could be reserved now; `nil` where the driver does not say.
    var freeBytes: Int? {
        try? call("cuMemGetInfo", 0) { free in
            var total = 0
            return functions.memGetInfo(&free, &total)
        }
    }

    /// Lets commands of this context copy from the memory of another.
    ///
    /// - Returns: whether they can; always where both are of one device.
    func reach(_ other: CUDAContext) -> Bool {
        if other.device == device { return true }
        var can: CInt = 0
        guard functions.deviceCanAccessPeer(&can, device, other.device) == WEFT_CUDA_SUCCESS, can != 0,
            (try? enter()) != nil
        else { return false }
        defer { leave() }
        let code = functions.contextEnablePeerAccess(other.raw, 0)
        return code == WEFT_CUDA_SUCCESS || code == WEFT_CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED
    }

    // MARK: Errors

    func check(_ code: weft_CUresult, _ call: @autoclosure () -> String) throws(ComputeError) {
        guard code != WEFT_CUDA_SUCCESS, let error = Self.error(code, call(), name, functions) else { return }
        if case .deviceLost = error { life.end() }
        throw error
    }

    /// `nil` for success.
    private static func error(
        _ code: weft_CUresult, _ call: String, _ name: String, _ functions: CUDAFunctions
    ) -> ComputeError? {
        switch code {
        case WEFT_CUDA_SUCCESS: nil
        case WEFT_CUDA_ERROR_OUT_OF_MEMORY: .outOfMemory(device: name, asked: 0, available: nil)
        case _ where endsContext(code): .deviceLost(device: name, call: "\(call): \(functions.text(code))")
        default: .failed(device: name, call: "\(call): \(functions.text(code))", code: Int(code))
        }
    }

    /// Whether an error leaves nothing of the context: all that come from kernels and from the device itself.
    private static func endsContext(_ code: weft_CUresult) -> Bool {
        switch code {
        case WEFT_CUDA_ERROR_DEVICE_UNAVAILABLE, WEFT_CUDA_ERROR_ECC_UNCORRECTABLE,
            WEFT_CUDA_ERROR_NVLINK_UNCORRECTABLE, WEFT_CUDA_ERROR_CONTAINED, WEFT_CUDA_ERROR_ILLEGAL_ADDRESS,
            WEFT_CUDA_ERROR_LAUNCH_TIMEOUT, WEFT_CUDA_ERROR_CONTEXT_IS_DESTROYED, WEFT_CUDA_ERROR_ASSERT,
            WEFT_CUDA_ERROR_HARDWARE_STACK_ERROR, WEFT_CUDA_ERROR_ILLEGAL_INSTRUCTION,
            WEFT_CUDA_ERROR_MISALIGNED_ADDRESS, WEFT_CUDA_ERROR_INVALID_ADDRESS_SPACE, WEFT_CUDA_ERROR_INVALID_PC,
            WEFT_CUDA_ERROR_LAUNCH_FAILED, WEFT_CUDA_ERROR_EXTERNAL_DEVICE, WEFT_CUDA_ERROR_UNKNOWN:
            true
        default: false
        }
    }
}

/// The time between two resets of a device's primary context, which all in this process share. When it has ended, what
/// was made in it is gone.
private final class ContextLife: Sendable {
    private let ended = Atomic(false)

    var isLost: Bool { ended.load(ordering: .acquiring) }

    func end() { ended.store(true, ordering: .releasing) }

    private struct Key: Hashable {
        let library: UInt
        let device: weft_CUdevice

        init(_ device: weft_CUdevice, _ functions: CUDAFunctions) {
            library = UInt(bitPattern: functions.library)
            self.device = device
        }
    }

    private static let lives = Mutex<[Key: ContextLife]>([:])

    /// The one under way.
    static func of(_ device: weft_CUdevice, _ functions: CUDAFunctions) -> ContextLife {
        lives.withLock { lives in
            let life = lives[Key(device, functions)] ?? ContextLife()
            lives[Key(device, functions)] = life
            return life
        }
    }

    /// Ends the one under way, and begins another.
    static func begin(_ device: weft_CUdevice, _ functions: CUDAFunctions) {
        lives.withLock { lives in
            lives[Key(device, functions)]?.end()
            lives[Key(device, functions)] = ContextLife()
        }
    }
}
