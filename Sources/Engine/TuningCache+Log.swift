package import Compute
package import Kernels
package import Logging

extension TuningCache {
    /// A device's shapes, with one line of the log on those that are used, or on why what is there is not.
    package func tuning(for device: any Device, saidTo logger: Logger) -> Tuning {
        let finding = find(for: device)
        switch finding {
        case .absent: break
        case .found(let tuning):
            logger.info(
                "tuned shapes",
                metadata: ["device": "\(device.description.name)", "products": "\(tuning.choices.count)"])
        case .unusable(let reason): logger.warning("\(reason)")
        }
        return finding.tuning
    }
}
