import Compute
import Foundation
import Kernels
import Synchronization
import TestDevices
import Testing

/// Kernels are bound first and compiled afterwards: what a first token needs before it, the rest behind.
struct PendingKernelsTests {
    private let device = IdleDevice()

    /// A product, a gated product and a norm, twice, as layers have them.
    private func bound(_ kernels: KernelSet) throws(ComputeError) -> [(any Commands, Int) -> Void] {
        let buffer = try device.makeBuffer(byteCount: 1 << 20, access: .device, label: "any")
        let weights = DeviceWeights(
            shape: PanelShape(format: .q4, depth: 64, panels: 4, layout: PanelLayout(vectorWidth: 4)), words: buffer,
            scales: buffer)
        var operations: [(any Commands, Int) -> Void] = []
        for _ in 0..<2 {
            for epilogue in [MatMul.Epilogue.none, .swiglu] {
                let product = try MatMul(
                    kernels, x: .floats(buffer), weights: weights, y: buffer, columns: 64, stride: 64,
                    epilogue: epilogue)
                operations.append { product.encode($0, rows: $1) }
            }
            let norm = try Norm(
                kernels, x: buffer, Normalisation(weight: buffer, epsilon: 1e-5), y: buffer, width: 64)
            operations.append { norm.encode($0, rows: $1) }
        }
        return operations
    }

    private func run(_ operations: [(any Commands, Int) -> Void], rows: Int) throws {
        try device.makeLane(label: "test").run { for operation in operations { operation($0, rows) } }
    }

    @Test func aFirstTokenNeedsTheOuterTileHeightsAlone() throws {
        let kernels = try KernelSet(device: device)
        let (operations, pending) = try kernels.gather { () throws(ComputeError) in try bound(kernels) }
        #expect(device.codes.isEmpty, "kernels were compiled while they were bound")
        let shown = Mutex<[Int]>([])
        try pending.compileFirst { done, count in
            #expect(count == 5)
            shown.withLock { $0.append(done) }
        }
        // Each as it is compiled, then as the driver is done with it.
        #expect(shown.withLock { $0.sorted() } == [1, 2, 3, 4] + Array(repeating: 5, count: 6))
        // Two heights of two products, and a norm: each once, however many layers have it.
        #expect(Set(device.codes.map(\.label)).count == 5 && device.codes.count == 5)
        for rows in [1, 2, 3, 7, 8, 100] { try run(operations, rows: rows) }
        #expect(device.dispatched.count == 5)

        try pending.compileLater()
        #expect(device.codes.count == 9)
        for rows in [2, 4] { try run(operations, rows: rows) }
        #expect(device.dispatched == Set(device.codes.map(\.label)))
        try pending.compileFirst()
        try pending.compileLater()
        #expect(device.codes.count == 9, "kernels were compiled twice")
    }

    /// Makes a kernel only while another one is made: who compiles one after the other waits in vain.
    private final class PairingDevice: Device {
        let idle = IdleDevice()
        private let deadline = ContinuousClock.now + .seconds(10)
        private let state = Mutex((makers: 0, hasMet: false))
        var description: DeviceDescription { idle.description }
        var limits: DeviceLimits { idle.limits }
        var dialect: Dialect { idle.dialect }
        /// Whether two kernels were made at once.
        var hasMet: Bool { state.withLock { $0.hasMet } }

        func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
            try idle.makeBuffer(byteCount: byteCount, access: access, label: label)
        }

        func makeLane(label: String) throws(ComputeError) -> any Lane { try idle.makeLane(label: label) }

        func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
            state.withLock { state in
                state.makers += 1
                if state.makers > 1 { state.hasMet = true }
            }
            defer { state.withLock { $0.makers -= 1 } }
            while !hasMet, ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.001) }
            return try idle.makeKernel(code)
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1))
    func whatAFirstTokenNeedsIsCompiledTogether() throws {
        let device = PairingDevice()
        let kernels = try KernelSet(device: device)
        let (_, pending) = try kernels.gather { () throws(ComputeError) in try bound(kernels) }
        try pending.compileFirst()
        #expect(device.hasMet)
        #expect(device.idle.codes.count == 5)
    }

    @Test func aSecondModelCompilesNothingThatTheFirstOneHas() throws {
        let kernels = try KernelSet(device: device)
        for _ in 0..<2 {
            let (operations, pending) = try kernels.gather { () throws(ComputeError) in try bound(kernels) }
            try pending.compileFirst()
            try run(operations, rows: 4)
        }
        #expect(device.codes.count == 5)
    }

    @Test func withoutGatheringEverythingIsCompiledAndKeptAtOnce() throws {
        _ = try bound(KernelSet(device: device))
        #expect(device.codes.count == 9)
        #expect(device.kept == device.codes.map(\.label))
    }

    /// Keeping a kernel may take as long as compiling it.
    @Test func whatIsGatheredIsKeptWhenThereIsTime() throws {
        let kernels = try KernelSet(device: device)
        let (_, pending) = try kernels.gather { () throws(ComputeError) in try bound(kernels) }
        try pending.compileFirst()
        try pending.compileLater()
        #expect(device.kept.isEmpty)
        kernels.keep()
        #expect(device.kept.sorted() == device.codes.map(\.label).sorted())
    }
}
