/// How a unit's memory is divided.
package enum UnitMemory {
    /// The part of a mesh's memory that weights, cache and scratch may take.
    package static let usable = 0.95

    /// The bytes left for keys and values of all models of a unit; negative where the weights alone do not fit.
    package static func cacheBytes(for models: [ModelProfile], on mesh: MeshKind) -> Double {
        let devices = Double(mesh.devices)
        return models.reduce(usable * mesh.memoryBytes * devices) {
            $0 - $1.weightBytes - $1.scratchBytes * devices
        }
    }
}
