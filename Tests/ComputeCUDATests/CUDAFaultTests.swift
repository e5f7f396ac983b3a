import CUDADouble
import Compute
import ComputeCUDA
import Testing

/// Devices that fail, at every call and in every way.
@Suite(.enabled(if: CUDADouble.isAvailable))
struct CUDAFaultTests {
    /// What a unit does: it opens a device, fills a buffer, compiles, divides, runs and reads.
    private func serve(_ double: CUDADouble) throws {
        let device = try Scaling.device(in: double)
        let parts = try device.partition(into: [1, 1]).parts
        let input = try HostArray(Float.self, count: 16, access: .upload, label: "input", on: device)
        let output = try HostArray(Float.self, count: 16, access: .download, label: "output", on: device)
        let kept = try device.makeBuffer(byteCount: 64, access: .device, label: "kept")
        try kept.write([Float](repeating: 3, count: 16))
        let copy = try device.makeKernel(Scaling.copy).bind([kept, output.buffer])
        let scale = try device.makeKernel(Scaling.code()).bind([input.buffer])
        for device in [device] + parts {
            try device.makeLane(label: "test").run { commands in
                input.upload(0..<16, commands)
                commands.dispatch(scale, Scaling.parameters(2), tiles: 16)
                commands.dispatch(copy, Parameters(), tiles: 16)
                output.download(0..<16, commands)
            }
        }
        guard try kept.read(16, of: Float.self) == (0..<16).map({ output[$0] }), output[7] == 3 else {
            throw ComputeError.failed(device: "", call: "comparison", code: 0)
        }
    }

    private static let calls = [
        "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuCtxSynchronize", "cuMemAlloc_v2",
        "cuMemHostAlloc", "cuMemHostGetDevicePointer_v2", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
        "cuStreamCreateWithPriority", "cuStreamSynchronize", "cuEventCreate", "cuEventRecord", "cuEventSynchronize",
        "cuEventElapsedTime", "cuLibraryLoadData", "cuLibraryGetKernel", "cuLaunchKernel", "cuDevResourceGenerateDesc",
        "cuGreenCtxCreate", "cuCtxFromGreenCtx", "cuGreenCtxStreamCreate", "kernel",
    ]

    /// Whatever call fails, in its first use or a later one: one typed error, and nothing is left behind. Then the
    /// device works, in a new context where the error has ended the old one.
    @Test(arguments: calls, [1, 2, 719])
    func everyCallMayFail(_ call: String, _ code: Int) throws {
        for skipped in [0, 2] {
            let double = try CUDADouble()
            double.fail(call, code, after: skipped)
            do {
                try serve(double)
            } catch let error as ComputeError {
                switch (error, code) {
                case (.outOfMemory, 2), (.deviceLost, 719), (.failed, 1), (.compilation, 1), (.unavailable, _): break
                default: Issue.record("\(call) with \(code): \(error)")
                }
            }
            double.mend()
            try serve(double)
            #expect(double.leftovers.filter { $0.key != "libraries" } == [:], "\(call) with \(code) after \(skipped)")
        }
    }

    @Test func wantOfMemorySaysHowMuchIsFree() throws {
        let double = try CUDADouble(["memory": 64])
        let device = try Scaling.device(in: double)
        #expect(device.availableBytes == 64 << 20)
        let first = try device.makeBuffer(byteCount: 48 << 20, access: .device, label: "first")
        #expect(device.availableBytes == 16 << 20)
        #expect(
            throws: ComputeError.outOfMemory(
                device: device.description.name, asked: 17 << 20, available: 16 << 20)
        ) { try device.makeBuffer(byteCount: 17 << 20, access: .device, label: "second") }
        #expect(
            throws: ComputeError.outOfMemory(
                device: device.description.name, asked: 65 << 20, available: 64 << 20)
        ) { try device.makeBuffer(byteCount: 65 << 20, access: .device, label: "huge") }
        _ = try device.makeBuffer(byteCount: 16 << 20, access: .device, label: "third")
        withExtendedLifetime(first) {}
    }

    /// A kernel that fails ends all on its device, also what others have there. Whoever opens the device again begins
    /// anew, and what goes later of the old is not taken for the new.
    @Test(arguments: [700, 702, 715, 719, 214])
    func aLostDeviceIsOpenedAnew(_ code: Int) throws {
        let double = try CUDADouble()
        do {
            let device = try Scaling.device(in: double), other = try Scaling.device(in: double)
            let buffer = try device.makeBuffer(byteCount: 64, access: .device, label: "values")
            let others = try other.makeBuffer(byteCount: 64, access: .device, label: "others")
            try buffer.write([Float](repeating: 1, count: 16))
            let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
            let lane = try device.makeLane(label: "test"), second = try other.makeLane(label: "second")
            double.fail("kernel", code)
            #expect { try lane.run { $0.dispatch(kernel, Scaling.parameters(2), tiles: 16) } } throws: {
                if case .deviceLost(device.description.name, let call)? = $0 as? ComputeError {
                    call.contains("lane test") && call.contains("\(code)")
                } else {
                    false
                }
            }
            // Every later call says so, before the driver is asked.
            #expect(throws: ComputeError.deviceLost(device: device.description.name, call: "an earlier call")) {
                try second.run { _ in }
            }
            #expect(throws: ComputeError.self) { try others.read(1, of: Float.self) }
            #expect(throws: ComputeError.self) { try device.makeLane(label: "third") }
            #expect(device.availableBytes == device.description.memoryByteCount, "what is taken for free")

            let again = try Scaling.device(in: double)
            #expect(double.count("resets") == 1)
            let fresh = try again.makeBuffer(byteCount: 64, access: .device, label: "fresh")
            try fresh.write([Float](repeating: 5, count: 16))
            #expect(throws: ComputeError.self) { try others.write([1, 2] as [Float]) }
            #expect(try fresh.read(16, of: Float.self) == [Float](repeating: 5, count: 16))
        }
        #expect(double.leftovers.filter { $0.key != "libraries" } == [:])
    }

    @Test func aDeviceThatCannotBeResetIsLost() throws {
        let double = try CUDADouble()
        let device = try Scaling.device(in: double)
        double.fail("cuMemAlloc_v2", 719)
        #expect(throws: ComputeError.self) { try device.makeBuffer(byteCount: 64, access: .device, label: "values") }
        double.fail("cuDevicePrimaryCtxReset_v2", 999)
        #expect(throws: ComputeError.deviceLost(device: device.description.name, call: "cuDevicePrimaryCtxReset")) {
            try Scaling.device(in: double)
        }
        try serve(double)
    }
}
