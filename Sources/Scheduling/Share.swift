/// A part of a device's compute, in tenths.
public struct Share: Hashable, Comparable, Sendable, Codable {
    /// 0...10
    public let tenths: Int

    public init(_ tenths: Int) {
        precondition((0...10).contains(tenths), "a share is 0 to 10 tenths")
        self.tenths = tenths
    }

    public static let whole = Share(10)

    public static func < (a: Self, b: Self) -> Bool { a.tenths < b.tenths }
}
