/// A model of one unit, as the unit numbers it; small and reused once its model is gone.
public struct ModelID: Hashable, Comparable, Sendable, Codable {
    public let index: Int

    public init(index: Int) {
        self.index = index
    }

    public static func < (a: Self, b: Self) -> Bool { a.index < b.index }
}
