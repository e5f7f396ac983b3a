import Compute
import Synchronization

/// A built program with one entry point: one for each member of its device, or one that the threads of all call.
final class OpenCLKernel: Kernel {
    let code: KernelCode
    let device: OpenCLDevice
    private let programs: [Program]
    private let isKept: Mutex<Bool>
    private let place = Mutex(Place.unknown)
    /// Whether its code may be called without a queue, where it says where that stands.
    let mayTellPlace: Bool

    private enum Place {
        case unknown
        case nowhere
        case found(CompiledFunction)
    }

    private final class Program: Sendable {
        let owned: Owned<Tag.Program>

        init(_ owned: consuming Owned<Tag.Program>) { self.owned = owned }
    }

    init(_ code: KernelCode, on device: OpenCLDevice) throws(ComputeError) {
        self.code = code
        self.device = device
        var programs: [Program] = []
        var isKept = true
        mayTellPlace = code.groupSize == 1 && device.members.allSatisfy(\.compilesForCaller)
        for compiler in device.compilers.prefix(mayTellPlace ? 1 : .max) {
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

    /// What threads may call; `nil` where it cannot be found.
    /// - Parameter place: runs the kernel for an address in its code, 0 for none. One thread at a time calls it, until
    ///   it has not thrown.
    func function(at place: () throws(ComputeError) -> UInt) throws(ComputeError) -> CompiledFunction? {
        try self.place.withLock { state throws(ComputeError) in
            if case .unknown = state { state = try CompiledFunction.find(at: place).map { .found($0) } ?? .nowhere }
            guard case .found(let function) = state else { return nil }
            return function
        }
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
