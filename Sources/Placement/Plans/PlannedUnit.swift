/// A mesh and the models that it serves.
public struct PlannedUnit: Hashable, Sendable, Codable {
    public var name: String
    public var node: Int
    /// The devices of the mesh, as the node numbers them.
    public var devices: [Int]
    public var models: [PlannedModel]

    public init(name: String, node: Int, devices: [Int], models: [PlannedModel]) {
        self.name = name
        self.node = node
        self.devices = devices
        self.models = models
    }
}
