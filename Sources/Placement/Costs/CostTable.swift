package import ConfigurationFiles
package import Quantities

/// What was measured of models on a kind of device: the contents of a cost file.
package struct CostTable: Hashable, Sendable {
    /// By model name, then by number of devices.
    package private(set) var grids: [String: [Int: CostGrid]]
    /// What it was measured on, where `weft profile` did.
    package var device: ProfiledDevice?

    package init(_ measurements: [CostMeasurement]) {
        grids = Dictionary(grouping: measurements, by: \.model).mapValues { ofModel in
            Dictionary(grouping: ofModel, by: \.devices).mapValues(CostGrid.init)
        }
    }

    /// The names of the measured models, sorted.
    package var models: [String] { grids.keys.sorted() }

    /// The numbers of devices on which a model was measured, ascending.
    package func deviceCounts(of model: String) -> [Int] { grids[model]?.keys.sorted() ?? [] }

    /// The table with more measurements; of two for one point the later counts.
    package func adding(_ more: [CostMeasurement]) -> CostTable {
        var table = CostTable(measurements + more)
        table.device = device
        return table
    }

    /// Whether the batches were chosen to show the steps of the kernels' tiles, as `weft profile` does: times between
    /// neighbours are then not smooth.
    var showsSteps: Bool { device != nil }

    /// Whether a decode step was measured at a point; every cell of `weft profile` has one.
    package func holds(_ model: String, devices: Int = 1, sharePercent: Int, batch: Int, length: Int) -> Bool {
        measurement(of: model, devices: devices, sharePercent: sharePercent, batch: batch, length: length)?.decode
            != nil
    }

    /// What was measured at one point; `nil` where nothing was.
    ///
    /// - Complexity: O(shares + batches + lengths) of the model's grid.
    package func measurement(
        of model: String, devices: Int = 1, sharePercent: Int, batch: Int, length: Int
    ) -> CostMeasurement? {
        guard let grid = grids[model]?[devices], let s = grid.shares.firstIndex(of: sharePercent),
            let b = grid.batches.firstIndex(of: batch), let l = grid.lengths.firstIndex(of: length)
        else { return nil }
        return Self.measurement(of: model, on: devices, grid, (s, b, l))
    }

    /// All cells that hold at least one time, in a fixed order.
    package var measurements: [CostMeasurement] {
        models.flatMap { model in
            deviceCounts(of: model).flatMap { devices in
                grids[model]?[devices].map { Self.measurements(of: model, on: devices, $0) } ?? []
            }
        }
    }

    private static func measurements(of model: String, on devices: Int, _ grid: CostGrid) -> [CostMeasurement] {
        var found: [CostMeasurement] = []
        for s in grid.shares.indices {
            for b in grid.batches.indices {
                for l in grid.lengths.indices {
                    if let cell = measurement(of: model, on: devices, grid, (s, b, l)) { found.append(cell) }
                }
            }
        }
        return found
    }

    private static func measurement(
        of model: String, on devices: Int, _ grid: CostGrid, _ position: (s: Int, b: Int, l: Int)
    ) -> CostMeasurement? {
        let (s, b, l) = position
        let (prefill, decode) = (grid.prefill[grid.index(s, b, l)], grid.decode[grid.index(s, b, l)])
        if prefill.isNaN && decode.isNaN { return nil }
        return CostMeasurement(
            model: model, devices: devices, sharePercent: grid.shares[s], batch: grid.batches[b],
            length: grid.lengths[l], prefill: prefill.isNaN ? nil : prefill, decode: decode.isNaN ? nil : decode)
    }
}

extension CostTable {
    private static let csvColumns = ["model", "tp", "sm_percent", "batch", "seq_len", "prefill_ms", "decode_ms"]

    /// Reads `model,tp,sm_percent,batch,seq_len,prefill_ms,decode_ms`; an empty or negative time was not measured.
    ///
    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`.
    package init(csv: String, file: String) throws(FileError) {
        var measurements: [CostMeasurement] = []
        for row in try Field.rows(csv, file: file, columns: Self.csvColumns) {
            measurements.append(
                CostMeasurement(
                    model: try row.field("model").text(), devices: try row.field("tp").integer(Self.devices),
                    sharePercent: try row.field("sm_percent").integer(1...100),
                    batch: try row.field("batch").integer(Self.counts),
                    length: try row.field("seq_len").integer(Self.counts),
                    prefill: try Self.time(row.optional("prefill_ms")),
                    decode: try Self.time(row.optional("decode_ms"))))
        }
        if measurements.isEmpty { throw FileError(file: file, reason: "holds no measurement") }
        self.init(measurements)
    }
}

/// The measured times of one model at one operating point.
package struct CostMeasurement: Hashable, Sendable {
    package var model: String
    /// Devices that work together on the model (tensor parallel degree).
    package var devices: Int
    /// The part of each device's compute, in percent.
    package var sharePercent: Int
    /// Sequences in the job.
    package var batch: Int
    /// Prompt tokens of each sequence (prefill), or tokens already cached (decode).
    package var length: Int
    /// One prefill of the whole batch; absent where not measured.
    package var prefill: Seconds?
    /// One decode step of the whole batch; absent where not measured.
    package var decode: Seconds?

    package init(
        model: String, devices: Int, sharePercent: Int, batch: Int, length: Int, prefill: Seconds?, decode: Seconds?
    ) {
        self.model = model
        self.devices = devices
        self.sharePercent = sharePercent
        self.batch = batch
        self.length = length
        self.prefill = prefill
        self.decode = decode
    }
}
