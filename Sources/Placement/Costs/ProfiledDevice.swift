import ConfigurationFiles

/// The device of a cost file, where `weft profile` wrote it.
package struct ProfiledDevice: Hashable, Sendable, Encodable {
    package var name: String
    /// Its smallest parts: compute units, or tenths where lanes cannot really divide it.
    package var units: Int
    /// How jobs of a model on one half are slowed by jobs on the other; by model.
    package var contention: [String: PhaseContention]
    /// How lanes that overlap slow each other; by model.
    package var overlap: [String: LaneOverlap]
    /// What serving adds to passes; by model.
    package var serving: [String: ServingCost]
    /// What meetings take where several compute a model together; by model.
    package var exchange: [String: ExchangeCost]

    package init(
        name: String, units: Int, contention: [String: PhaseContention] = [:], overlap: [String: LaneOverlap] = [:],
        serving: [String: ServingCost] = [:], exchange: [String: ExchangeCost] = [:]
    ) {
        self.name = name
        self.units = units
        self.contention = contention
        self.overlap = overlap
        self.serving = serving
        self.exchange = exchange
    }

    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["name", "units", "contention", "overlap", "serving", "exchange"])
        func byModel<Value>(
            _ field: Field?, _ read: (Field) throws(FileError) -> Value
        ) throws(FileError) -> [String: Value] {
            var values: [String: Value] = [:]
            for (model, field) in try field?.entries() ?? [] { values[model] = try read(field) }
            return values
        }
        name = try field.field("name").text()
        units = try field.field("units").integer(1...1_000_000)
        contention = try byModel(field.field("contention"), PhaseContention.init)
        // Files from before these were measured lack them.
        overlap = try byModel(field.optional("overlap"), LaneOverlap.init)
        serving = try byModel(field.optional("serving"), ServingCost.init)
        exchange = try byModel(field.optional("exchange"), ExchangeCost.init)
    }
}
