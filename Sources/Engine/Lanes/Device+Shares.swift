import Compute
import Scheduling

extension Device {
    /// The smallest parts of it that `LanePlan` divides: compute units, or tenths.
    var shareUnits: Int { partitioning.isReal ? limits.computeUnits : Share.whole.tenths }
}
