package import Compute
import Synchronization

/// A device that computes nothing: it says of each dispatch that it took a millisecond, in whatever pieces, or a time
/// for each tile, and remembers what it was asked to compile, to keep and to run. What is read from it is zero.
package final class IdleDevice: Device {
    package let description: DeviceDescription
    package let availableBytes: Int
    package let limits: DeviceLimits
    package let dialect: Dialect
    private let compiled = Mutex<[KernelCode]>([])
    private let labels = Mutex<Set<String>>([])
    private let keptLabels = Mutex<[String]>([])
    private let submitted = Mutex<[Double]>([])
    private let touchedLabels = Mutex<[String]>([])
    fileprivate let secondsPerTile: Double?

    package init(
        dialect: Dialect = .cuda, limits: DeviceLimits = .generous, kind: DeviceDescription.Kind = .discrete,
        secondsPerTile: Double? = nil, memoryByteCount: Int = 1 << 40, availableBytes: Int? = nil
    ) {
        self.dialect = dialect
        self.limits = limits
        self.secondsPerTile = secondsPerTile
        description = DeviceDescription(
            api: .cuda, index: 0, name: "idle", kind: kind, driver: "none", memoryByteCount: memoryByteCount)
        self.availableBytes = availableBytes ?? memoryByteCount
    }

    /// The code of every kernel that was made, in order.
    package var codes: [KernelCode] { compiled.withLock { $0 } }

    /// The labels of all kernels that were dispatched over any tiles.
    package var dispatched: Set<String> { labels.withLock { $0 } }

    /// The labels of all kernels that were to be kept, in order.
    package var kept: [String] { keptLabels.withLock { $0 } }

    /// The labels of all kernels that were run over nothing, in order.
    package var touched: [String] { touchedLabels.withLock { $0 } }

    /// The seconds of every submission, in order.
    package var submissions: [Double] { submitted.withLock { $0 } }

    package func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        IdleBuffer(byteCount: byteCount, access: access, label: label)
    }

    package func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        compiled.withLock { $0.append(code) }
        return IdleKernel(code: code, of: self)
    }

    package func makeLane(label: String) throws(ComputeError) -> any Lane { bounded(IdleLane(of: self)) }

    fileprivate func note(_ label: String) { labels.withLock { _ = $0.insert(label) } }

    fileprivate func submit(_ seconds: Double) { submitted.withLock { $0.append(seconds) } }

    fileprivate func touch(_ label: String) { touchedLabels.withLock { $0.append(label) } }

    fileprivate func keep(_ label: String) { keptLabels.withLock { $0.append(label) } }
}

extension DeviceLimits {
    /// As large as NVIDIA's devices allow: one binding for every buffer, groups of a warp.
    package static let generous = DeviceLimits(
        maxBindingSize: 1 << 40, maxAllocationSize: 1 << 40, maxTexelElements: 0, maxBindings: 64, maxGroupSize: 1024,
        maxGroupCount: Int(Int32.max), maxParameterBytes: 4096, subgroupSize: 32, groupSize: 32, vectorWidth: 4)
}

private final class IdleBuffer: Buffer {
    let byteCount: Int
    let label: String
    /// Of buffers that the host sees; those of the device alone have no memory at all.
    private let memory: Memory?
    var contents: UnsafeMutableRawBufferPointer? { memory?.bytes }

    private struct Memory: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    init(byteCount: Int, access: BufferAccess, label: String) {
        self.byteCount = byteCount
        self.label = label
        guard access != .device else {
            memory = nil
            return
        }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        memory = Memory(bytes: bytes)
    }

    deinit { memory?.bytes.deallocate() }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "written beyond \(label)")
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
}

private final class IdleKernel: Kernel, BoundKernel {
    let code: KernelCode
    private let device: IdleDevice
    var kernel: any Kernel { self }

    init(code: KernelCode, of device: IdleDevice) {
        self.code = code
        self.device = device
    }

    func keep() { device.keep(code.label) }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel { self }
}

private final class IdleLane: Lane {
    private let device: IdleDevice

    init(of device: IdleDevice) { self.device = device }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let commands = IdleCommands(device)
        try record(commands)
        device.submit(commands.seconds)
        return commands.seconds
    }
}

private final class IdleCommands: Commands {
    private let device: IdleDevice
    private(set) var seconds = 0.0

    init(_ device: IdleDevice) { self.device = device }

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        let code = kernel.kernel.code
        precondition(parameters.count + 2 == code.parameterCount, "\(code.label): \(parameters.count) parameters")
        guard !tiles.isEmpty else { return }
        let isRest = tiles.lowerBound > 0
        seconds += device.secondsPerTile.map { $0 * Double(tiles.count) } ?? (isRest ? 0 : 0.001)
        device.note(code.label)
    }

    func touch(_ kernel: any BoundKernel) { device.touch(kernel.kernel.code.label) }
}
