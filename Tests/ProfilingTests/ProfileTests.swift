import Compute
import ComputeOpenCL
import ConfigurationFiles
import Foundation
import GGUF
import Placement
import Profiling
import Synchronization
import Testing
import Transformer

struct ProfileTests {
    private struct Interruption: Error {}

    /// A generated model, the device that it is measured on, and a cost file to come.
    private final class Place {
        let packed: PackedWeights
        let device: any Device
        let file: String
        var model: String { "\(folder)/tiny.gguf" }
        private let folder: String

        init() throws {
            folder = NSTemporaryDirectory() + "weft-profile-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try TinyLlama().write(to: "\(folder)/tiny.gguf")
            device = try OpenCLDevice(
                DeviceSelector("opencl"), in: OpenCLPlatforms(),
                cacheDirectory: NSTemporaryDirectory() + "weft-engine-kernels")
            packed = try PackedWeights(
                GGUFFile(path: "\(folder)/tiny.gguf"), vectorWidth: device.limits.vectorWidth, cache: nil)
            file = "\(folder)/costs.json"
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func profile() throws -> Profile {
            try Profile(
                file: file, on: Mesh(device), grid: ProfileGrid(batches: [1, 3], lengths: [8, 32]), seconds: 0.01)
        }
    }

    /// Two halves of the device as two devices: their costs stand beside those of one, with what meetings take.
    @Test func aMeshIsMeasuredWhole() async throws {
        let place = try Place()
        let parts = try Mesh(Mesh.parts(of: place.device, count: 2))
        let grid = ProfileGrid(batches: [1, 3], lengths: [8, 32])
        var profile = try Profile(file: place.file, on: parts, grid: grid, seconds: 0.01)
        #expect(!profile.lacksServing(of: "tiny") && profile.lacks("tiny", contextLength: 512))
        let packed = try PackedWeights(
            GGUFFile(path: place.model), vectorWidth: place.device.limits.vectorWidth, shards: 2, cache: nil)
        try await profile.measure("tiny", packed) { _ in }
        #expect(!profile.lacks("tiny", contextLength: 512))
        let table = try CostTable(json: String(contentsOfFile: place.file, encoding: .utf8), file: place.file)
        #expect(table.deviceCounts(of: "tiny") == [2] && table.measurements.count == 4)
        #expect(table.measurements.allSatisfy { $0.sharePercent == 100 && ($0.decode ?? 0) > 0 })
        let exchange = try #require(table.device?.exchange["tiny"])
        #expect(exchange.meetings == 4 && exchange.meeting > 0 && exchange.row == 0)
        #expect(throws: FileError.self) { _ = try place.profile() }
    }

    @Test func anInterruptedRunGoesOnAndTheCostModelReadsTheFile() async throws {
        let place = try Place()
        var first = try place.profile()
        await #expect(throws: Interruption.self) {
            try await first.measure("tiny", place.packed) { if $0 > 0.3 { throw Interruption() } }
        }
        let half = try CostTable(json: String(contentsOfFile: place.file, encoding: .utf8), file: place.file)
        #expect(!half.measurements.isEmpty)

        var second = try place.profile()
        #expect(second.lacks("tiny", contextLength: 512))
        let steps = Mutex(0)
        try await second.measure("tiny", place.packed) { _ in steps.withLock { $0 += 1 } }
        #expect(!second.lacks("tiny", contextLength: 512))

        let table = try CostTable(json: String(contentsOfFile: place.file, encoding: .utf8), file: place.file)
        #expect(table.measurements.count == second.table.measurements.count)
        #expect(table.device == second.table.device)
        let shares = Array(stride(from: 10, through: 100, by: 10))
        for share in shares {
            for batch in [1, 3] {
                for length in [8, 32] {
                    #expect(table.holds("tiny", sharePercent: share, batch: batch, length: length))
                }
            }
        }
        for kept in half.measurements {
            let now = table.measurements.first {
                ($0.sharePercent, $0.batch, $0.length) == (kept.sharePercent, kept.batch, kept.length)
            }
            #expect(abs((now?.decode ?? 0) - (kept.decode ?? 0)) < 1e-9, "what was measured is kept")
        }
        let cells = Set(half.measurements.map { "\($0.batch) \($0.length)" }).count
        #expect(steps.withLock { $0 } <= 2 * 2 * 4 + 1 - cells, "two rounds over two parts")
        #expect(table.device?.contention["tiny"] != nil)
        let overlap = try #require(table.device?.overlap["tiny"])
        #expect(overlap.whole > 0 && overlap.part > 0 && overlap.busyPart > 1)

        let cost = try #require(try CostModel(table).costs(of: "tiny", devices: 1))
        #expect(cost.prefill.time(batch: 2, length: 16, share: 0.4) > 0)
        #expect(cost.decode.time(batch: 2, length: 16, share: 1) > 0)
    }

    @Test func servingIsNotedAndTheDeviceHeldAgainstItsCosts() async throws {
        let place = try Place()
        var profile = try place.profile()
        #expect(try await profile.speed(of: "tiny", place.packed) == nil, "nothing is known of it")
        try await profile.measure("tiny", place.packed) { _ in }
        #expect(profile.lacksServing(of: "tiny"))
        let times = try await profile.probe(place.packed).times()
        #expect(times.first > 0 && times.step > 0 && times.stepTogether > 0)
        let cost = ServingCost(perRequest: 1, perPass: 2, perSequence: 3)
        try profile.add(cost, of: "tiny")
        let again = try place.profile()
        #expect(!again.lacksServing(of: "tiny") && again.table.device?.serving["tiny"] == cost)

        // The same file, all times a thousand times as long: the device is that much faster.
        let slower = again.table.measurements.map { cell in
            var cell = cell
            cell.prefill = cell.prefill.map { $0 * 1000 }
            cell.decode = cell.decode.map { $0 * 1000 }
            return cell
        }
        let now = try #require(try await again.speed(of: "tiny", place.packed))
        var table = CostTable(slower)
        table.device = again.table.device
        try table.json().write(to: URL(filePath: place.file))
        let against = try #require(try await place.profile().speed(of: "tiny", place.packed))
        #expect(against / now > 30 && against / now < 30_000)
    }

    @Test func costsOfAnotherDeviceAreNotMixedIn() throws {
        let place = try Place()
        var other = CostTable([
            CostMeasurement(
                model: "m", devices: 1, sharePercent: 100, batch: 1, length: 8, prefill: 0.001, decode: 0.001)
        ])
        other.device = ProfiledDevice(name: "another", units: 4)
        try other.json().write(to: URL(filePath: place.file))
        let error = #expect(throws: FileError.self) { try place.profile() }
        #expect(error?.field == "device")
    }

    @Test func cellsThatFitAreMeasured() {
        var grid = ProfileGrid(batches: [8, 1], lengths: [128, 16])
        grid.cachedTokens = 512
        #expect(grid.cells(contextLength: 512).map { [$0.batch, $0.length] } == [[1, 16], [1, 128], [8, 16]])
        #expect(grid.cells(contextLength: 128).map { [$0.batch, $0.length] } == [[1, 16], [8, 16]])
    }

    @Test func onlyWhatIsMissingIsLeft() {
        let parts = ProfileWork.parts(units: 2, areReal: true)
        #expect(parts.map(\.units) == [1, 2])
        #expect(parts.flatMap(\.sharePercents).sorted() == Array(stride(from: 10, through: 100, by: 10)))
        #expect(ProfileWork.parts(units: 10, areReal: false).map(\.units) == [10])

        let cells = ProfileGrid(batches: [1, 2], lengths: [8]).cells(contextLength: 64)
        let table = CostTable(
            parts[0].sharePercents.map {
                CostMeasurement(
                    model: "m", devices: 1, sharePercent: $0, batch: 1, length: 8, prefill: nil, decode: 0.001)
            })
        let left = ProfileWork.left("m", in: table, parts: parts, cells: cells)
        #expect(left.map(\.part.units) == [1, 2])
        #expect(left.map { $0.cells.map(\.batch) } == [[2], [1, 2]])
        #expect(ProfileWork.left("other", in: table, parts: parts, cells: cells).flatMap(\.cells).count == 4)
    }
}
