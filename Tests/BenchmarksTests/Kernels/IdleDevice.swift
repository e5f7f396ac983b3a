import Compute

/// A device that does nothing, and says of each dispatch that it took a millisecond.
final class IdleDevice: Device {
    let description = DeviceDescription(
        api: .cuda, index: 0, name: "idle", kind: .discrete, driver: "none", memoryByteCount: 1 << 30)
    let limits = DeviceLimits(
        maxBindingSize: 1 << 40, maxAllocationSize: 1 << 40, maxTexelElements: 0, maxBindings: 64, maxGroupSize: 1024,
        maxGroupCount: Int(Int32.max), maxParameterBytes: 128, subgroupSize: 32, groupSize: 32, vectorWidth: 4)
    let dialect = Dialect.cuda

    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        IdleBuffer(byteCount: byteCount, label: label)
    }

    func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel { IdleKernel(code: code) }

    func makeLane(label: String) throws(ComputeError) -> any Lane { IdleLane() }
}

private final class IdleBuffer: Buffer {
    let byteCount: Int
    let label: String
    var contents: UnsafeMutableRawBufferPointer? { nil }

    init(byteCount: Int, label: String) {
        self.byteCount = byteCount
        self.label = label
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "written beyond \(label)")
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {}
}

private final class IdleKernel: Kernel, BoundKernel {
    let code: KernelCode
    var kernel: any Kernel { self }

    init(code: KernelCode) { self.code = code }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel { self }
}

private final class IdleLane: Lane {
    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let commands = IdleCommands()
        try record(commands)
        return 0.001 * Double(commands.count)
    }
}

private final class IdleCommands: Commands {
    private(set) var count = 0

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        precondition(!tiles.isEmpty, "\(kernel.kernel.code.label) has nothing to do")
        precondition(parameters.count + 2 == kernel.kernel.code.parameterCount, "\(kernel.kernel.code.label)")
        count += 1
    }
}
