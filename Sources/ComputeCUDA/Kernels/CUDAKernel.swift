import CCUDA
import Compute

/// A loaded library with one entry point, for all contexts of the device.
final class CUDAKernel: Kernel {
    let code: KernelCode
    let device: CUDADevice
    private let library: Owned<Tag.Library>
    /// The library's.
    let function: Handle<Tag.Kernel>

    init(_ code: KernelCode, image: [UInt8], on device: CUDADevice) throws(ComputeError) {
        self.code = code
        self.device = device
        let (context, functions) = (device.context, device.functions)
        do throws(ComputeError) {
            library = try context.own("cuLibraryLoadData") { library in
                image.withUnsafeBytes {
                    functions.libraryLoadData(&library, $0.baseAddress, nil, nil, 0, nil, nil, 0)
                }
            } release: {
                functions.libraryUnload($0)
            }
        } catch {
            guard case .failed = error else { throw error }
            throw .compilation(
                device: device.description.name, kernel: code.label, log: "the driver refused the code: \(error)")
        }
        let raw = library.raw
        let kernel = try context.call("cuLibraryGetKernel of \(code.label)", weft_CUkernel?.none) {
            functions.libraryGetKernel(&$0, raw, "entry")
        }
        guard let kernel else { throw .failed(device: device.description.name, call: "cuLibraryGetKernel", code: 0) }
        function = Handle(raw: kernel)
    }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try CUDABoundKernel(self, buffers)
    }
}

/// A kernel with the addresses of its buffers; it keeps them alive.
final class CUDABoundKernel: BoundKernel {
    private let built: CUDAKernel
    private let buffers: [CUDABuffer]
    private let addresses: Addresses

    var kernel: any Kernel { built }

    /// At one place for as long as they live.
    private final class Addresses: @unchecked Sendable {
        let list: UnsafeMutableBufferPointer<weft_CUdeviceptr>

        init(_ addresses: [weft_CUdeviceptr]) {
            list = .allocate(capacity: addresses.count)
            _ = list.initialize(from: addresses)
        }

        deinit { list.deallocate() }
    }

    init(_ kernel: CUDAKernel, _ buffers: [any Buffer]) throws(ComputeError) {
        let device = kernel.device
        guard buffers.count == kernel.code.bindings.count else {
            throw .argument(
                kernel: kernel.code.label, reason: "takes \(kernel.code.bindings.count) buffers, not \(buffers.count)")
        }
        let own = buffers.compactMap { $0 as? CUDABuffer }.filter { $0.context === device.context }
        guard own.count == buffers.count else {
            throw .argument(kernel: kernel.code.label, reason: "was given a buffer of another device")
        }
        built = kernel
        self.buffers = own
        addresses = Addresses(
            zip(kernel.code.bindings, own).flatMap { binding, buffer in
                (0..<binding.windows).map { buffer.address + UInt64($0 * device.limits.windowBytes) }
            })
    }

    /// Starts the kernel over `tiles`, one group a tile where there are not too many. Allocates nothing.
    func launch(_ parameters: Parameters, tiles: Range<Int>, on stream: weft_CUstream) -> weft_CUresult {
        var (words, count) = parameters.words(covering: tiles)
        precondition(count == built.code.parameterCount, "wrong parameters for \(built.code.label)")
        let groups = min(max(1, tiles.count), built.device.limits.maxGroupCount)
        let list = addresses.list
        typealias Argument = UnsafeMutableRawPointer?
        return withUnsafeTemporaryAllocation(of: Argument.self, capacity: list.count + count) { arguments in
            withUnsafeMutableBytes(of: &words) { words in
                for index in list.indices {
                    arguments.initializeElement(at: index, to: list.baseAddress.map { Argument($0 + index) } ?? nil)
                }
                for index in 0..<count {
                    arguments.initializeElement(at: list.count + index, to: words.baseAddress.map { $0 + 4 * index })
                }
                return built.device.functions.launchKernel(
                    built.function.raw, UInt32(groups), 1, 1, UInt32(built.code.groupSize), 1, 1, 0, stream,
                    arguments.baseAddress, nil)
            }
        }
    }
}
