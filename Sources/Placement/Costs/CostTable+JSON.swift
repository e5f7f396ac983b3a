package import ConfigurationFiles
package import Foundation

extension CostTable {
    /// Numbers of devices that a model may be on.
    static let devices = 1...1024
    /// Sequences of a batch, and tokens of one.
    static let counts = 1...(1 << 24)

    /// Reads MuxServe's shape: `model -> devices -> share % -> batch -> length -> {prefill, decoding}` in milliseconds.
    /// The key `device` beside the models, which MuxServe passes over, is `weft profile`'s.
    ///
    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`.
    package init(json: String, file: String) throws(FileError) {
        var device: ProfiledDevice?
        var measurements: [CostMeasurement] = []
        for (model, field) in try Field(json, file: file).entries() {
            if model == Self.device {
                device = try ProfiledDevice(field)
            } else {
                try Self.read(model, field, into: &measurements)
            }
        }
        if measurements.isEmpty { throw FileError(file: file, reason: "holds no measurement") }
        self.init(measurements)
        self.device = device
    }

    private static let device = "device"

    private static func read(
        _ model: String, _ field: Field, into measurements: inout [CostMeasurement]
    ) throws(FileError) {
        for (devices, byShare) in try field.entries(countedIn: Self.devices) {
            for (share, byBatch) in try byShare.entries(countedIn: 1...100) {
                for (batch, byLength) in try byBatch.entries(countedIn: counts) {
                    for (length, cell) in try byLength.entries(countedIn: counts) {
                        try cell.allowOnly(["prefill", "decoding"])
                        measurements.append(
                            CostMeasurement(
                                model: model, devices: devices, sharePercent: share, batch: batch, length: length,
                                prefill: try time(cell.optional("prefill")),
                                decode: try time(cell.optional("decoding"))))
                    }
                }
            }
        }
    }

    /// Seconds, of milliseconds that are negative or absent where nothing was measured.
    static func time(_ field: Field?) throws(FileError) -> Double? {
        guard let field else { return nil }
        let milliseconds = try field.number(-1e9...1e9)
        if milliseconds == 0 { throw field.error("must be a time, or negative where none was measured; is 0") }
        return milliseconds < 0 ? nil : milliseconds / 1000
    }

    /// The table in MuxServe's shape, keys sorted.
    package func json() throws -> Data {
        var file = File(device: device)
        for cell in measurements {
            file.models[cell.model, default: [:]]["\(cell.devices)", default: [:]][
                "\(cell.sharePercent)", default: [:]][
                    "\(cell.batch)", default: [:]]["\(cell.length)"] = Cell(
                    prefill: cell.prefill.map { $0 * 1000 } ?? -1, decoding: cell.decode.map { $0 * 1000 } ?? -1)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(file)
    }

    /// The times of one cell, in milliseconds; negative where not measured.
    private struct Cell: Encodable {
        var prefill: Double
        var decoding: Double
    }

    /// devices, share in percent, batch, length
    private typealias Cells = [String: [String: [String: [String: Cell]]]]

    /// The models, and beside them under `device` what they were measured on.
    private struct File: Encodable {
        var models: [String: Cells] = [:]
        var device: ProfiledDevice?

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }

            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var keys = encoder.container(keyedBy: Key.self)
            for (name, cells) in models { try keys.encode(cells, forKey: Key(stringValue: name)) }
            try keys.encodeIfPresent(device, forKey: Key(stringValue: CostTable.device))
        }
    }
}
