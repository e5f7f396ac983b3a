public import Compute

/// A packed weight matrix on a device.
public struct DeviceWeights: Sendable {
    public let shape: PanelShape
    public let words: any Buffer
    /// Absent for formats without scales.
    public let scales: (any Buffer)?

    public init(shape: PanelShape, words: any Buffer, scales: (any Buffer)?) {
        self.shape = shape
        self.words = words
        self.scales = scales
    }

    /// What kernels are given for scales: formats without any read none, but the argument must be bound.
    var scalesArgument: any Buffer { scales ?? words }
}
