import Compute

/// A built program with one entry point.
final class OpenCLKernel: Kernel {
    let code: KernelCode
    let device: OpenCLDevice
    let program: Handle<Tag.Program>

    /// Takes ownership of `program`.
    init(_ code: KernelCode, program: Handle<Tag.Program>, on device: OpenCLDevice) {
        self.code = code
        self.device = device
        self.program = program
    }

    deinit { _ = device.functions.releaseProgram(program.raw) }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try OpenCLBoundKernel(self, buffers)
    }
}
