import Compute
import Scheduling

extension Device {
    /// Whether parts of it have compute units of their own.
    var dividesReally: Bool { partitioning == .subDevices || partitioning == .instances }

    /// The smallest parts of it that `LanePlan` divides: compute units, or tenths.
    var shareUnits: Int { dividesReally ? limits.computeUnits : Share.whole.tenths }
}
