/// The device of a cost file, where `weft profile` wrote it.
public struct ProfiledDevice: Hashable, Sendable, Codable {
    public var name: String
    /// Its smallest parts: compute units, or tenths where lanes cannot really divide it.
    public var units: Int
    /// How jobs of a model on one half are slowed by jobs on the other; by model.
    public var contention: [String: PhaseContention]

    public init(name: String, units: Int, contention: [String: PhaseContention] = [:]) {
        self.name = name
        self.units = units
        self.contention = contention
    }
}
