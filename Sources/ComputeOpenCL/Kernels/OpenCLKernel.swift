import Compute
import Synchronization

/// A built program with one entry point, for each member of its device.
final class OpenCLKernel: Kernel {
    let code: KernelCode
    let device: OpenCLDevice
    private let programs: [Program]
    private let isKept: Mutex<Bool>

    private final class Program: Sendable {
        let owned: Owned<Tag.Program>

        init(_ owned: consuming Owned<Tag.Program>) { self.owned = owned }
    }

    init(_ code: KernelCode, on device: OpenCLDevice) throws(ComputeError) {
        self.code = code
        self.device = device
        var programs: [Program] = []
        var isKept = true
        for compiler in device.compilers {
            if let kept = compiler.kept(code) {
                programs.append(Program(kept))
            } else {
                programs.append(Program(try compiler.build(code)))
                isKept = false
            }
        }
        self.programs = programs
        self.isKept = Mutex(isKept)
    }

    /// A kernel of each program, that has arguments of its own.
    func makeObjects() throws(ComputeError) -> [KernelObject] {
        try programs.map { program throws(ComputeError) in
            KernelObject(
                try device.context.own("clCreateKernel of \(code.label)", \.releaseKernel) {
                    device.functions.createKernel(program.owned.raw, "entry", &$0)
                })
        }
    }

    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel {
        try OpenCLBoundKernel(self, buffers)
    }

    func keep() {
        isKept.withLock { isKept in
            if !isKept { device.compilers[0].keep(code) }
            isKept = true
        }
    }
}
