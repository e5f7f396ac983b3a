package import Compute

/// A packed weight matrix on a device.
package struct DeviceWeights: Sendable {
    package let shape: PanelShape
    package let words: any Buffer
    /// Absent for formats without scales.
    package let scales: (any Buffer)?

    package init(shape: PanelShape, words: any Buffer, scales: (any Buffer)?) {
        self.shape = shape
        self.words = words
        self.scales = scales
    }

    /// What kernels are given for scales: formats without any read none, but the argument must be bound.
    var scalesArgument: any Buffer { scales ?? words }
}
