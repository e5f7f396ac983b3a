public import Compute

/// A device to be tested, opened once for each of its fallbacks.
public struct TestedDevice: Sendable {
    public let description: DeviceDescription
    private let opens: @Sendable (_ adjust: (inout DeviceLimits) -> Void) throws -> any Device

    /// - Parameter opens: opens the device with limits that the closure has changed.
    public init(
        _ description: DeviceDescription,
        opens: @escaping @Sendable (_ adjust: (inout DeviceLimits) -> Void) throws -> any Device
    ) {
        self.description = description
        self.opens = opens
    }

    /// The device with features switched off.
    public func open(_ fallback: Fallback = .none) throws -> any Device {
        try opens { fallback.apply(to: &$0) }
    }
}
