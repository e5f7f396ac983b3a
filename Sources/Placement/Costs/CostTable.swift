/// What was measured of models on a kind of device: the contents of a cost file.
public struct CostTable: Hashable, Sendable {
    /// By model name, then by number of devices.
    public private(set) var grids: [String: [Int: CostGrid]]
    /// What it was measured on, where `weft profile` did.
    public var device: ProfiledDevice?

    public init(_ measurements: [CostMeasurement]) {
        grids = Dictionary(grouping: measurements, by: \.model).mapValues { ofModel in
            Dictionary(grouping: ofModel, by: \.devices).mapValues(CostGrid.init)
        }
    }

    /// The names of the measured models, sorted.
    public var models: [String] { grids.keys.sorted() }

    /// The numbers of devices on which a model was measured, ascending.
    public func deviceCounts(of model: String) -> [Int] { grids[model]?.keys.sorted() ?? [] }

    /// The table with more measurements; of two for one point the later counts.
    public func adding(_ more: [CostMeasurement]) -> CostTable {
        var table = CostTable(measurements + more)
        table.device = device
        return table
    }

    /// Whether a decode step was measured at a point; every cell of `weft profile` has one.
    public func holds(_ model: String, devices: Int = 1, sharePercent: Int, batch: Int, length: Int) -> Bool {
        guard let grid = grids[model]?[devices], let s = grid.shares.firstIndex(of: sharePercent),
            let b = grid.batches.firstIndex(of: batch), let l = grid.lengths.firstIndex(of: length)
        else { return false }
        return !grid.decode[grid.index(s, b, l)].isNaN
    }

    /// All cells that hold at least one time, in a fixed order.
    public var measurements: [CostMeasurement] {
        models.flatMap { model in
            deviceCounts(of: model).flatMap { devices in
                grids[model]?[devices].map { Self.measurements(of: model, on: devices, $0) } ?? []
            }
        }
    }

    private static func measurements(of model: String, on devices: Int, _ grid: CostGrid) -> [CostMeasurement] {
        var found: [CostMeasurement] = []
        for (s, share) in grid.shares.enumerated() {
            for (b, batch) in grid.batches.enumerated() {
                for (l, length) in grid.lengths.enumerated() {
                    let prefill = grid.prefill[grid.index(s, b, l)]
                    let decode = grid.decode[grid.index(s, b, l)]
                    if prefill.isNaN && decode.isNaN { continue }
                    found.append(
                        CostMeasurement(
                            model: model, devices: devices, sharePercent: share, batch: batch, length: length,
                            prefill: prefill.isNaN ? nil : prefill, decode: decode.isNaN ? nil : decode))
                }
            }
        }
        return found
    }
}
