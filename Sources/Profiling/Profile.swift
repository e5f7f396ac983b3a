package import Compute
import ConfigurationFiles
import Engine
import Foundation
package import Kernels
package import Placement
package import Transformer

/// Measures models on a device, or on a mesh of them, cell by cell, into a cost file, which is written anew after each:
/// a run that was broken off goes on where it stopped.
package struct Profile: Sendable {
    package private(set) var table: CostTable
    private let path: String
    private let mesh: Mesh
    private let tuning: Tuning
    private var device: any Device { mesh.devices[0] }
    private var devices: Int { mesh.devices.count }
    private let grid: ProfileGrid
    private let seconds: Double

    /// Reads what the file holds already.
    ///
    /// - Parameters:
    ///   - path: of the cost file; it need not exist.
    ///   - mesh: devices that are as the first of them, of which the file tells.
    ///   - tuning: the shapes of products that a server has on them.
    ///   - seconds: how long a cell is measured, but for one pass that takes longer.
    /// - Throws: `FileError` for a file that is none, or of another device.
    package init(
        file path: String, on mesh: Mesh, tuning: Tuning = Tuning(), grid: ProfileGrid = .standard, seconds: Double = 1
    ) throws {
        let device = mesh.devices[0]
        let own = ProfiledDevice(name: device.description.name, units: device.shareUnits)
        var table = CostTable([])
        if FileManager.default.fileExists(atPath: path) {
            table = try CostTable(json: String(contentsOfFile: path, encoding: .utf8), file: path)
            guard let known = table.device, known.name == own.name, known.units == own.units else {
                let name = table.device?.name ?? "an unnamed device"
                throw FileError(file: path, field: "device", reason: "holds costs of \(name), not of \(own.name)")
            }
        }
        table.device = table.device ?? own
        (self.table, self.path, self.grid, self.seconds) = (table, path, grid, seconds)
        (self.mesh, self.tuning) = (mesh, tuning)
    }

    /// Whether the file lacks what serving a model adds to its passes; on a mesh it is the same.
    package func lacksServing(of model: String) -> Bool { devices == 1 && table.device?.serving[model] == nil }

    /// Whether the file lacks anything else of a model.
    ///
    /// - Parameter contextLength: the model's own limit.
    package func lacks(_ model: String, contextLength: Int) -> Bool {
        lacksContention(of: model) || !work(model, contextLength).isEmpty
    }

    /// Measures what the file lacks of a model.
    ///
    /// - Parameters:
    ///   - model: its name in the file.
    ///   - progress: called before each measurement with the share that is done; what it throws ends the run.
    /// - Throws: `ComputeError`, `KVError`, and what `progress` and writing the file throw.
    package mutating func measure(
        _ model: String, _ packed: PackedWeights, progress: @escaping @Sendable (Double) throws -> Void
    ) async throws {
        let work = work(model, packed.network.contextLength)
        let count = Self.rounds * work.reduce(0) { $0 + $1.cells.count }
        var done = 0
        let step = { () throws in
            try progress(Double(done) / Double(max(1, count)))
            done += 1
        }
        if devices > 1 { return try await measureMesh(model, packed, work, step) }
        let half = max(1, device.limits.computeUnits / 2)
        let halves = try await bench(packed, [half, half], work.flatMap(\.cells))
        // Both halves and the whole are on one bench; other parts have one each.
        let onHalves = work.filter { [half, device.shareUnits].contains($0.part.units) }
        let others = work.filter { ![half, device.shareUnits].contains($0.part.units) }
        try await measure(model, onHalves, halves, step)
        for other in others {
            try await measure(model, [other], bench(packed, [other.part.units], other.cells), step)
        }
        if lacksContention(of: model) {
            table.device?.contention[model] = try await halves.contention()
            let part = Double(half) / Double(device.limits.computeUnits)
            table.device?.overlap[model] = try await halves.overlap(part: part)
            try write()
        }
    }

    /// The same on several devices at once, whole, with what their meetings take.
    private mutating func measureMesh(
        _ model: String, _ packed: PackedWeights, _ work: [ProfileWork], _ step: () throws -> Void
    ) async throws {
        let bench = try await bench(packed, [], work.flatMap(\.cells))
        try await measure(model, work, bench, step)
        let meeting = try await bench.whole.meetingSeconds()
        table.device?.exchange[model] = ExchangeCost(meetings: bench.whole.meetings, meeting: meeting)
        try write()
    }

    private func lacksContention(of model: String) -> Bool {
        if devices > 1 { return table.device?.exchange[model] == nil }
        return table.device?.contention[model] == nil || table.device?.overlap[model] == nil
    }

    /// The model ready to be measured beside being served.
    package func probe(_ packed: PackedWeights) async throws -> ProfileProbe {
        try await ProfileProbe(packed, on: mesh, tuning: tuning, cells: [], seconds: seconds)
    }

    /// Notes what serving adds to a model's passes.
    package mutating func add(_ cost: ServingCost, of model: String) throws {
        table.device?.serving[model] = cost
        try write()
    }

    /// How many times as fast the device is at the model now as when it was measured: machines are shared.
    ///
    /// - Returns: `nil` where the file holds nothing of the model.
    package func speed(of model: String, _ packed: PackedWeights) async throws -> Double? {
        let known = table.measurements
            .filter {
                $0.model == model && $0.devices == devices && $0.sharePercent == 100 && $0.prefill != nil
                    && $0.decode != nil
            }
            .map { ProfileGrid.Cell(batch: $0.batch, length: $0.length) }
            .sorted { ($0.tokens, $0.batch) < ($1.tokens, $1.batch) }
        guard !known.isEmpty else { return nil }
        let sample = [1, 2, 3].map { known[$0 * (known.count - 1) / 4] }
        let probe = try await ProfileProbe(packed, on: mesh, tuning: tuning, cells: sample, seconds: seconds)
        return try await probe.speed(of: model, against: table)
    }

    /// Measures cells on all parts of a bench, one after the other and then once more: a shared machine's speed drifts,
    /// and must not make one part look faster than another. The mean of both counts.
    private mutating func measure(
        _ model: String, _ work: [ProfileWork], _ bench: ProfileBench, _ step: () throws -> Void
    ) async throws {
        let cells = work.flatMap(\.cells).reduce(into: [ProfileGrid.Cell]()) { if !$0.contains($1) { $0.append($1) } }
        var known: [ProfileWork.Part: [ProfileGrid.Cell: ProfileBench.Times]] = [:]
        for _ in 0..<Self.rounds {
            for cell in cells {
                for work in work where work.cells.contains(cell) {
                    try step()
                    let isWhole = work.part.units == device.shareUnits
                    let now = try await bench.times(cell, part: isWhole ? nil : 0, grid: grid)
                    let times = known[work.part]?[cell].map { now.mean(with: $0) } ?? now
                    known[work.part, default: [:]][cell] = times
                    table = table.adding(ProfileWork.measurements(model, devices, work.part, cell, times))
                    try write()
                }
            }
        }
    }

    /// Chosen: the fewest that show a drift; each round takes as long as the first.
    private static let rounds = 2

    private func work(_ model: String, _ contextLength: Int) -> [ProfileWork] {
        let parts =
            devices > 1
            ? [ProfileWork.Part(units: device.shareUnits, sharePercents: [100])]
            : ProfileWork.parts(units: device.shareUnits, areReal: device.partitioning.isReal)
        return ProfileWork.left(
            model, devices: devices, in: table, parts: parts, cells: grid.cells(contextLength: contextLength))
    }

    private func bench(
        _ packed: PackedWeights, _ parts: [Int], _ cells: [ProfileGrid.Cell]
    ) async throws -> ProfileBench {
        try await ProfileBench(packed, on: mesh, tuning: tuning, parts: parts, cells: cells, seconds: seconds)
    }

    private func write() throws { try table.json().write(to: URL(filePath: path), options: .atomic) }
}
