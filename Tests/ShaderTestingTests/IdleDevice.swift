import Compute
import Synchronization

/// A device that computes nothing, and remembers which kernels it was asked to run.
final class IdleDevice: Device {
    let description = DeviceDescription(
        api: .opencl, index: 0, name: "idle", kind: .other, driver: "0", memoryByteCount: 1 << 30)
    let limits = DeviceLimits(
        maxBindingSize: 1 << 30, maxAllocationSize: 1 << 30, maxTexelElements: 0, maxBindings: 16, maxGroupSize: 1,
        maxGroupCount: 65535, maxParameterBytes: 128, subgroupSize: 1, groupSize: 1, vectorWidth: 4)
    let dialect = Dialect.openCL
    private let labels = Mutex<Set<String>>([])

    /// The labels of all kernels that were dispatched over any tiles.
    var dispatched: Set<String> { labels.withLock { $0 } }

    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) -> any Buffer {
        IdleBuffer(byteCount: byteCount, label: label)
    }

    func makeKernel(_ code: KernelCode) -> any Kernel { IdleKernel(code) }

    func makeLane(label: String) -> any Lane { IdleLane(self) }

    fileprivate func note(_ label: String) { labels.withLock { _ = $0.insert(label) } }
}

private final class IdleBuffer: Buffer {
    let byteCount: Int
    let label: String
    var contents: UnsafeMutableRawBufferPointer? { nil }

    init(byteCount: Int, label: String) {
        self.byteCount = byteCount
        self.label = label
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {}

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
}

private final class IdleKernel: Kernel, BoundKernel {
    let code: KernelCode
    var kernel: any Kernel { self }

    init(_ code: KernelCode) { self.code = code }

    func bind(_ buffers: [any Buffer]) -> any BoundKernel { self }
}

private final class IdleLane: Lane, Commands {
    private let device: IdleDevice

    init(_ device: IdleDevice) { self.device = device }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        try record(self)
        return nil
    }

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        if !tiles.isEmpty { device.note(kernel.kernel.code.label) }
    }
}
