import Compute
import Synchronization

/// A built program with one entry point.
final class OpenCLKernel: Kernel {
    let code: KernelCode
    let device: OpenCLDevice
    private let program: Owned<Tag.Program>
    private let isKept: Mutex<Bool>

    init(_ code: KernelCode, on device: OpenCLDevice) throws(ComputeError) {
        self.code = code
        self.device = device
        if let kept = device.compiler.kept(code) {
            program = kept
            isKept = Mutex(true)
        } else {
            program = try device.compiler.build(code)
            isKept = Mutex(false)
        }
    }

    /// A kernel of the program that has arguments of its own.
    func makeObject() throws(ComputeError) -> Owned<Tag.Kernel> {
        try device.context.own("clCreateKernel of \(code.label)", \.releaseKernel) {
            device.functions.createKernel(program.raw, "entry", &$0)
        }
    }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try OpenCLBoundKernel(self, buffers)
    }

    func keep() {
        isKept.withLock { isKept in
            if !isKept { device.compiler.keep(program.handle, of: code) }
            isKept = true
        }
    }
}
