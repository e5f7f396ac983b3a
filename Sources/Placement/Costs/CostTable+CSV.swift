package import Foundation

extension CostTable {
    static let csvColumns = ["model", "tp", "sm_percent", "batch", "seq_len", "prefill_ms", "decode_ms"]

    /// Reads `model,tp,sm_percent,batch,seq_len,prefill_ms,decode_ms`; an empty time was not measured.
    ///
    /// - Throws: `CostError` naming line and field.
    package init(csv: Data) throws(CostError) {
        let lines = String(decoding: csv, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let header = lines.first else { throw .empty }
        let columns = header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        if columns != Self.csvColumns {
            throw .invalidLine(
                line: 1, field: "header", reason: "expected \(Self.csvColumns.joined(separator: ","))")
        }
        var measurements: [CostMeasurement] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            measurements.append(try Self.measurement(line, number: index + 1))
        }
        if measurements.isEmpty { throw .empty }
        self.init(measurements)
    }

    private static func measurement(_ line: Substring, number: Int) throws(CostError) -> CostMeasurement {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == csvColumns.count else {
            throw .invalidLine(
                line: number, field: "count", reason: "\(fields.count) fields, expected \(csvColumns.count)")
        }
        if fields[0].isEmpty { throw .invalidLine(line: number, field: "model", reason: "is empty") }
        func positive(_ column: Int) throws(CostError) -> Int {
            guard let value = Int(fields[column]), value > 0 else {
                throw .invalidLine(
                    line: number, field: csvColumns[column], reason: "'\(fields[column])' is not a positive integer")
            }
            return value
        }
        func time(_ column: Int) throws(CostError) -> Double? {
            if fields[column].isEmpty { return nil }
            guard let value = Double(fields[column]), value.isFinite, value != 0 else {
                throw .invalidLine(
                    line: number, field: csvColumns[column], reason: "'\(fields[column])' is not a time")
            }
            return value < 0 ? nil : value / 1000
        }
        let share = try positive(2)
        if share > 100 {
            throw .invalidLine(line: number, field: csvColumns[2], reason: "\(share) exceeds 100 percent")
        }
        return CostMeasurement(
            model: String(fields[0]), devices: try positive(1), sharePercent: share, batch: try positive(3),
            length: try positive(4), prefill: try time(5), decode: try time(6))
    }
}
