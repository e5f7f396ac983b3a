import Benchmarks
import Compute
import Kernels
import Reporting
import TestDevices
import Testing

/// What is chosen on a device whose times are known.
struct MatrixTunerTests {
    private static let product = MatrixProduct(.q4, depth: 1024, columns: 512)
    private static let matrix = ModelMatrix(product: product, count: 3, isOutput: false)

    private static func tune(_ device: IdleDevice, fault: String? = nil) throws -> TunedMatrix {
        let tuner = try MatrixTuner(KernelSet(device: device), seconds: 60) { choice, _ in
            fault.map { "\($0) \(choice)" }
        }
        return try tuner.tune(matrix)
    }

    @Test func whatIsNoFasterIsNotChosen() throws {
        let tuned = try Self.tune(IdleDevice(limits: DeviceLimits(DeviceFacts.known[0])))
        #expect(tuned.choice == ShapeChoice() && tuned.faults == [])
        #expect(tuned.tried > 5 && tuned.figures.map(\.rows) == [1, 8, 256])
        #expect(tuned.figures.allSatisfy { abs($0.ratio - 1) < 1e-9 && abs($0.defaultSeconds - 0.001) < 1e-9 })
    }

    /// On this device each tile takes the same time: the widest groups have the fewest.
    @Test func theFastestIsChosenAndChecked() throws {
        let device = IdleDevice(limits: DeviceLimits(DeviceFacts.known[0]), secondsPerTile: 1e-4)
        let tuned = try Self.tune(device)
        let space = ShapeSpace(Self.product, limits: device.limits, facts: device.facts)
        let widest = space.ofFewRows.map { space.shapes($0)[0].width }.max()
        #expect(space.shapes(tuned.choice)[0].width == widest && tuned.choice != ShapeChoice())
        #expect(tuned.figures[0].ratio < 0.9 && tuned.figures.allSatisfy { $0.ratio <= 1 })
        let (normal, chosen) = tuned.seconds(rows: 1)
        #expect(normal == 3 * tuned.figures[0].defaultSeconds && chosen < normal)

        let wrong = try Self.tune(device, fault: "wrong")
        #expect(wrong.choice == ShapeChoice() && wrong.faults == ["wrong \(tuned.choice)"])
        #expect(wrong.seconds(rows: 1).chosen == wrong.seconds(rows: 1).byDefault)
    }

    @Test func theReportSaysWhatWasFound() throws {
        let device = IdleDevice(limits: DeviceLimits(DeviceFacts.known[0]), secondsPerTile: 1e-4)
        var report = TuningReport(device: device.description, version: "1", date: "today")
        report.matrices = [try Self.tune(device)]
        let table = report.table.text
        #expect(table.contains("512x1024 Q4") && table.contains(report.matrices[0].choice.description))
        #expect(report.notes.contains { $0.hasPrefix("products of a token of one sequence: ") && $0.hasSuffix("x") })
    }
}
