import Placement
import Quantities

/// A job of MuxServe's code on a modelled mesh.
struct ReferenceJob: DeviceWork {
    let model: Int
    let isPrefill: Bool
    let tenths: Int
    /// What the host has left to do when the device is done.
    let hostTime: Seconds
    var left: Seconds
    let utilisation: Utilisation
    var slowdown = 1.0
}
