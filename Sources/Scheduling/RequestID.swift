/// A request, as whoever sends it numbers it; unique among those alive in a unit.
public struct RequestID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) {
        self.number = number
    }
}
