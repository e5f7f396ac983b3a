import Compute
import Synchronization

/// A device of CUDA that compiles nothing: it keeps the code of each kernel that it is asked for.
final class RecordingDevice: Device {
    let description = DeviceDescription(
        api: .cuda, index: 0, name: "recording", kind: .discrete, driver: "none", memoryByteCount: 1 << 40)
    let limits: DeviceLimits
    let dialect = Dialect.cuda
    private let kept = Mutex<[KernelCode]>([])

    init(limits: DeviceLimits) { self.limits = limits }

    var codes: [KernelCode] { kept.withLock { $0 } }

    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        RecordedBuffer(byteCount: byteCount, label: label)
    }

    func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        kept.withLock { $0.append(code) }
        return RecordedKernel(code: code)
    }

    func makeLane(label: String) throws(ComputeError) -> any Lane {
        throw .unsupported(device: description.name, reason: "it runs nothing")
    }
}

private final class RecordedBuffer: Buffer {
    let byteCount: Int
    let label: String
    var contents: UnsafeMutableRawBufferPointer? { nil }

    init(byteCount: Int, label: String) {
        self.byteCount = byteCount
        self.label = label
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {}
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {}
}

private final class RecordedKernel: Kernel, BoundKernel {
    let code: KernelCode
    var kernel: any Kernel { self }

    init(code: KernelCode) { self.code = code }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel { self }
}
