public import Compute
import Foundation
public import Placement
public import Transformer

/// Measures models on a device, cell by cell, into a cost file, which is written anew after each: a run that was broken
/// off goes on where it stopped.
public struct Profile: Sendable {
    public private(set) var table: CostTable
    private let path: String
    private let device: any Device
    private let grid: ProfileGrid
    private let seconds: Double

    /// Reads what the file holds already.
    ///
    /// - Parameters:
    ///   - path: of the cost file; it need not exist.
    ///   - seconds: how long a cell is measured, but for one pass that takes longer.
    /// - Throws: `CostError` for a file that is none, `ConfigurationError` for one of another device.
    public init(file path: String, on device: any Device, grid: ProfileGrid = .standard, seconds: Double = 1) throws {
        let own = ProfiledDevice(name: device.description.name, units: device.shareUnits)
        var table = CostTable([])
        if FileManager.default.fileExists(atPath: path) {
            table = try CostTable(json: Data(contentsOf: URL(filePath: path)))
            guard let known = table.device, known.name == own.name, known.units == own.units else {
                throw ConfigurationError(
                    "\(path) holds costs of \(table.device?.name ?? "an unnamed device"), not of \(own.name)")
            }
        }
        table.device = table.device ?? own
        (self.table, self.path, self.device, self.grid, self.seconds) = (table, path, device, grid, seconds)
    }

    /// Whether the file lacks what serving a model adds to its passes.
    public func lacksServing(of model: String) -> Bool { table.device?.serving[model] == nil }

    /// Whether the file lacks anything else of a model.
    ///
    /// - Parameter contextLength: the model's own limit.
    public func lacks(_ model: String, contextLength: Int) -> Bool {
        table.device?.contention[model] == nil || !work(model, contextLength).isEmpty
    }

    /// Measures what the file lacks of a model.
    ///
    /// - Parameters:
    ///   - model: its name in the file.
    ///   - progress: called before each measurement with the share that is done; what it throws ends the run.
    /// - Throws: `ComputeError`, `KVError`, and what `progress` and writing the file throw.
    public mutating func measure(
        _ model: String, _ packed: PackedLlama, progress: @Sendable (Double) throws -> Void
    ) async throws {
        let work = work(model, packed.configuration.contextLength)
        let count = Double(work.reduce(1) { $0 + $1.cells.count })
        var done = 0.0
        let half = max(1, device.limits.computeUnits / 2)
        let halves = try await bench(packed, [half, half], work.flatMap(\.cells))
        for (part, cells) in work.map({ ($0.part, $0.cells) }) {
            let isWhole = part.units == device.shareUnits
            let isHalf = part.units == half && !isWhole
            let bench = isWhole || isHalf ? halves : try await self.bench(packed, [part.units], cells)
            for cell in cells {
                try progress(done / count)
                let times = try await bench.times(cell, part: isWhole ? nil : 0, grid: grid)
                table = table.adding(
                    ProfileWork.measurements(model, part, cell, prefill: times.prefill, decode: times.decode))
                try write()
                done += 1
            }
        }
        try progress(done / count)
        if table.device?.contention[model] == nil {
            table.device?.contention[model] = try await halves.contention()
            try write()
        }
    }

    /// The model ready to be measured beside being served.
    public func probe(_ packed: PackedLlama) async throws -> ProfileProbe {
        try await ProfileProbe(packed, on: device, cells: [], seconds: seconds)
    }

    /// Notes what serving adds to a model's passes.
    public mutating func add(_ cost: ServingCost, of model: String) throws {
        table.device?.serving[model] = cost
        try write()
    }

    /// How many times as fast the device is at the model now as when it was measured: machines are shared.
    ///
    /// - Returns: `nil` where the file holds nothing of the model.
    public func speed(of model: String, _ packed: PackedLlama) async throws -> Double? {
        let known = table.measurements
            .filter { $0.model == model && $0.sharePercent == 100 && $0.prefill != nil && $0.decode != nil }
            .map { ProfileGrid.Cell(batch: $0.batch, length: $0.length) }
            .sorted { ($0.tokens, $0.batch) < ($1.tokens, $1.batch) }
        guard !known.isEmpty else { return nil }
        let sample = [1, 2, 3].map { known[$0 * (known.count - 1) / 4] }
        let probe = try await ProfileProbe(packed, on: device, cells: sample, seconds: seconds)
        return try await probe.speed(of: model, against: table)
    }

    private func work(_ model: String, _ contextLength: Int) -> [ProfileWork] {
        let parts = ProfileWork.parts(units: device.shareUnits, areReal: device.partitioning.isReal)
        return ProfileWork.left(model, in: table, parts: parts, cells: grid.cells(contextLength: contextLength))
    }

    private func bench(
        _ packed: PackedLlama, _ parts: [Int], _ cells: [ProfileGrid.Cell]
    ) async throws -> ProfileBench {
        try await ProfileBench(packed, on: device, parts: parts, cells: cells, seconds: seconds)
    }

    private func write() throws { try table.json().write(to: URL(filePath: path), options: .atomic) }
}
