/// One of equal parts of a device, so that several units have compute of their own: `1/2` is the first of two.
///
/// ```swift
/// let half = try DevicePart("2/2").flatMap { try $0.of(device) }
/// ```
package struct DevicePart: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    package let number: Int
    package let count: Int

    /// As many as a mesh divides a device into.
    private static let counts = 1...8

    /// - Returns: `nil` where the text is no part, as `2/3` is one.
    package init?(_ text: some StringProtocol) {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let number = numbers[0], let count = numbers[1],
            Self.counts.contains(count), (1...count).contains(number)
        else { return nil }
        (self.number, self.count) = (number, count)
    }

    package var description: String { "\(number)/\(count)" }

    /// - Throws: `ComputeError.unsupported` where the device cannot be divided so.
    package func of(_ device: any Device) throws(ComputeError) -> any Device {
        try Mesh.parts(of: device, count: count)[number - 1]
    }
}
