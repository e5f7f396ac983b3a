/// The device of a cost file, where `weft profile` wrote it.
package struct ProfiledDevice: Hashable, Sendable, Codable {
    package var name: String
    /// Its smallest parts: compute units, or tenths where lanes cannot really divide it.
    package var units: Int
    /// How jobs of a model on one half are slowed by jobs on the other; by model.
    package var contention: [String: PhaseContention]
    /// How lanes that overlap slow each other; by model.
    package var overlap: [String: LaneOverlap]
    /// What serving adds to passes; by model.
    package var serving: [String: ServingCost]

    package init(
        name: String, units: Int, contention: [String: PhaseContention] = [:], overlap: [String: LaneOverlap] = [:],
        serving: [String: ServingCost] = [:]
    ) {
        self.name = name
        self.units = units
        self.contention = contention
        self.overlap = overlap
        self.serving = serving
    }

    package init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        name = try keys.decode(String.self, forKey: .name)
        units = try keys.decode(Int.self, forKey: .units)
        contention = try keys.decode([String: PhaseContention].self, forKey: .contention)
        overlap = try keys.decodeIfPresent([String: LaneOverlap].self, forKey: .overlap) ?? [:]
        serving = try keys.decodeIfPresent([String: ServingCost].self, forKey: .serving) ?? [:]
    }
}
