import Compute
import TestDevices
import Testing

/// Long passes on devices whose tiles take a known time.
struct SlicedLaneTests {
    private let code = KernelCode(
        label: "long", dialect: .cuda, source: "", bindings: [], parameterCount: 2, groupSize: 32)

    /// Of ten seconds, from a lane that has seen none of it.
    private func runPass(_ device: IdleDevice, turn: Double? = nil, times: Int = 1) throws -> Double {
        let kernels = try (0..<4).map { _ in try device.makeKernel(code).bind([]) }
        let lane = try device.makeLane(label: "test", turn: turn)
        return try (0..<times).reduce(0.0) { total, _ in
            let seconds = try lane.run { commands throws(ComputeError) in
                for kernel in kernels { commands.dispatch(kernel, Parameters(), tiles: 25_000) }
            }
            return total + (seconds ?? 0)
        }
    }

    @Test(arguments: [DeviceDescription.Kind.discrete, .integrated, .virtual, .other])
    func noSubmissionOfAGPUIsLong(_ kind: DeviceDescription.Kind) throws {
        let device = IdleDevice(kind: kind, secondsPerTile: 1e-4)
        #expect(abs(try runPass(device) - 10) < 1e-6)
        let submissions = device.submissions
        // Nothing is known of the first.
        #expect(submissions[0] <= 16.5e-4)
        #expect(submissions.allSatisfy { $0 < 0.2501 }, "\(submissions)")
        #expect(submissions.count < 60, "slices are much shorter than they may be")
        #expect(abs(submissions.reduce(0, +) - 10) < 1e-6)
    }

    @Test func aCPUHasNoWatchdog() throws {
        let device = IdleDevice(kind: .cpu, secondsPerTile: 1e-4)
        #expect(abs(try runPass(device) - 10) < 1e-6)
        #expect(device.submissions.count == 1)
    }

    @Test(arguments: [DeviceDescription.Kind.discrete, .cpu])
    func turnsAreShorter(_ kind: DeviceDescription.Kind) throws {
        let device = IdleDevice(kind: kind, secondsPerTile: 1e-4)
        _ = try runPass(device, turn: 0.02)
        #expect(device.submissions.allSatisfy { $0 < 0.0201 } && device.submissions.count > 400)
    }

    /// Where a kernel was that is gone, another one of unknown cost may be.
    @Test func costsGoWithTheirKernels() throws {
        let device = IdleDevice(secondsPerTile: 1e-4)
        let lane = try device.makeLane(label: "test")
        for _ in 0..<50 {
            let before = device.submissions.count
            let kernel = try device.makeKernel(code).bind([])
            try lane.run { $0.dispatch(kernel, Parameters(), tiles: 1000) }
            #expect(device.submissions[before] <= 16.5e-4)
        }
    }

    /// Drivers compile a kernel when it first runs.
    @Test func whatIsTouchedRuns() throws {
        let device = IdleDevice()
        let kernel = try device.makeKernel(code).bind([])
        try device.makeLane(label: "test").run { $0.touch(kernel) }
        #expect(device.touched == ["long"])
    }
}
