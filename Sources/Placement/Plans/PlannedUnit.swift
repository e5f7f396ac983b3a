/// A mesh and the models that it serves.
package struct PlannedUnit: Hashable, Sendable, Codable {
    package var name: String
    package var node: Int
    /// The devices of the mesh, as the node numbers them.
    package var devices: [Int]
    package var models: [PlannedModel]

    package init(name: String, node: Int, devices: [Int], models: [PlannedModel]) {
        self.name = name
        self.node = node
        self.devices = devices
        self.models = models
    }
}
