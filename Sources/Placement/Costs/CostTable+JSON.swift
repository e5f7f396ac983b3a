package import Foundation

extension CostTable {
    /// The times of one cell, in milliseconds; negative or absent where not measured.
    private struct Cell: Codable {
        var prefill: Double?
        var decoding: Double?
    }

    /// devices, share in percent, batch, length
    private typealias Cells = [String: [String: [String: [String: Cell]]]]

    /// The models, and beside them under `device` what they were measured on.
    private struct File: Codable {
        var models: [String: Cells] = [:]
        var device: ProfiledDevice?

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }

            static let device = Key(stringValue: "device")

            init(stringValue: String) { self.stringValue = stringValue }

            init?(intValue: Int) { nil }
        }

        init() {}

        init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: Key.self)
            for key in keys.allKeys where key.stringValue != Key.device.stringValue {
                models[key.stringValue] = try keys.decode(Cells.self, forKey: key)
            }
            device = try keys.decodeIfPresent(ProfiledDevice.self, forKey: .device)
        }

        func encode(to encoder: any Encoder) throws {
            var keys = encoder.container(keyedBy: Key.self)
            for (name, cells) in models { try keys.encode(cells, forKey: Key(stringValue: name)) }
            try keys.encodeIfPresent(device, forKey: .device)
        }
    }

    /// Reads MuxServe's shape: `model -> devices -> share % -> batch -> length -> {prefill, decoding}` in milliseconds.
    /// The key `device` beside the models, which MuxServe passes over, is `weft profile`'s.
    ///
    /// - Throws: `CostError` naming the path of the field.
    package init(json: Data) throws(CostError) {
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: json)
        } catch let error as DecodingError {
            throw Self.described(error)
        } catch {
            throw .notJSON(reason: "\(error)")
        }
        var measurements: [CostMeasurement] = []
        for (model, byDevices) in file.models {
            for (devices, byShare) in byDevices {
                for (share, byBatch) in byShare {
                    for (batch, byLength) in byBatch {
                        for (length, cell) in byLength {
                            let path = [model, devices, share, batch, length]
                            measurements.append(try Self.measurement(path, cell))
                        }
                    }
                }
            }
        }
        if measurements.isEmpty { throw .empty }
        self.init(measurements)
        device = file.device
    }

    /// The table in MuxServe's shape, keys sorted.
    package func json() throws -> Data {
        var file = File()
        file.device = device
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

    private static func measurement(_ path: [String], _ cell: Cell) throws(CostError) -> CostMeasurement {
        func positive(_ level: Int, _ name: String) throws(CostError) -> Int {
            guard let value = Int(path[level]), value > 0 else {
                throw .invalidField(
                    path: path[...level].joined(separator: "."), reason: "\(name) is not a positive integer")
            }
            return value
        }
        func time(_ milliseconds: Double?, _ name: String) throws(CostError) -> Double? {
            guard let milliseconds, milliseconds >= 0 else { return nil }
            guard milliseconds.isFinite, milliseconds > 0 else {
                throw .invalidField(path: (path + [name]).joined(separator: "."), reason: "is not a time")
            }
            return milliseconds / 1000
        }
        let share = try positive(2, "share")
        if share > 100 { throw .invalidField(path: path[...2].joined(separator: "."), reason: "exceeds 100 percent") }
        return CostMeasurement(
            model: path[0], devices: try positive(1, "devices"), sharePercent: share,
            batch: try positive(3, "batch"), length: try positive(4, "length"),
            prefill: try time(cell.prefill, "prefill"), decode: try time(cell.decoding, "decoding"))
    }

    private static func described(_ error: DecodingError) -> CostError {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
            .invalidField(
                path: context.codingPath.map(\.stringValue).joined(separator: "."), reason: context.debugDescription)
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            .invalidField(
                path: context.codingPath.map(\.stringValue).joined(separator: "."), reason: context.debugDescription)
        case .dataCorrupted(let context): .notJSON(reason: context.debugDescription)
        @unknown default: .notJSON(reason: "\(error)")
        }
    }
}
