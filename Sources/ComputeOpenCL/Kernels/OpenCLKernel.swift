import Compute
import Synchronization

/// A built program with one entry point.
final class OpenCLKernel: Kernel {
    let code: KernelCode
    let device: OpenCLDevice
    let program: Handle<Tag.Program>
    private let isKept: Mutex<Bool>

    init(_ code: KernelCode, on device: OpenCLDevice) throws(ComputeError) {
        self.code = code
        self.device = device
        let compiled = try device.compiler.compile(code)
        program = compiled.program
        isKept = Mutex(compiled.isKept)
    }

    deinit { _ = device.functions.releaseProgram(program.raw) }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try OpenCLBoundKernel(self, buffers)
    }

    func keep() {
        isKept.withLock { isKept in
            if !isKept { device.compiler.keep(program, of: code) }
            isKept = true
        }
    }
}
