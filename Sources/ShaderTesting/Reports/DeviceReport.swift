package import Compute

/// What was found of one device.
package struct DeviceReport: Sendable, Encodable {
    package var device: DeviceDescription
    /// In the order of names.
    package var kernels: [KernelReport] = []
    /// Why the device could not be opened at all.
    package var fault: String?

    package var hasPassed: Bool { fault == nil && kernels.allSatisfy(\.failures.isEmpty) }

    /// The report of `kernel`, empty at first.
    subscript(kernel: String) -> KernelReport {
        get { kernels.first { $0.kernel == kernel } ?? KernelReport(kernel: kernel) }
        set {
            kernels.removeAll { $0.kernel == kernel }
            kernels.append(newValue)
            kernels.sort { $0.kernel < $1.kernel }
        }
    }
}
