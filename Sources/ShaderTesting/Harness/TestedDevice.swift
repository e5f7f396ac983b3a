package import Compute

/// A device to be tested, opened once for each of its fallbacks.
package struct TestedDevice: Sendable {
    package let description: DeviceDescription
    private let opens: @Sendable (_ adjust: (inout DeviceLimits) -> Void) throws -> any Device

    /// - Parameter opens: opens the device with limits that the closure has changed.
    package init(
        _ description: DeviceDescription,
        opens: @escaping @Sendable (_ adjust: (inout DeviceLimits) -> Void) throws -> any Device
    ) {
        self.description = description
        self.opens = opens
    }

    /// The device with features switched off.
    package func open(_ fallback: Fallback = .none) throws -> any Device {
        try opens { fallback.apply(to: &$0) }
    }
}
