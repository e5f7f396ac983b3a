/// The part of the requests that finished within a multiple of their unloaded latency.
public struct Attainment: Hashable, Sendable, Codable {
    public var scale: Double
    /// 0...1
    public var fraction: Double

    public init(scale: Double, fraction: Double) {
        self.scale = scale
        self.fraction = fraction
    }
}
