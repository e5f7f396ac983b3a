/// Why a running plan cannot be changed: it does not belong to the cluster.
package enum ReplanningError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownNode(unit: String, node: Int)
    case unknownDevice(unit: String, device: Int)
    case sharedDevice(unit: String, device: Int)
    case unknownMesh(unit: String, devices: Int)

    package var description: String {
        switch self {
        case .unknownNode(let unit, let node): "unit \(unit): the cluster has no node \(node)"
        case .unknownDevice(let unit, let device): "unit \(unit): its node has no device \(device)"
        case .sharedDevice(let unit, let device): "unit \(unit): device \(device) belongs to another unit as well"
        case .unknownMesh(let unit, let devices): "unit \(unit): a mesh of \(devices) devices is not a power of two"
        }
    }

    /// The unit at fault.
    package var unit: String {
        switch self {
        case .unknownNode(let unit, _), .unknownDevice(let unit, _), .sharedDevice(let unit, _),
            .unknownMesh(let unit, _):
            unit
        }
    }
}
