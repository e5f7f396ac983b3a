package import ConfigurationFiles

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
