/// The part of the requests that finished within a multiple of their unloaded latency.
package struct Attainment: Hashable, Sendable, Codable {
    package var scale: Double
    /// 0...1
    package var fraction: Double

    package init(scale: Double, fraction: Double) {
        self.scale = scale
        self.fraction = fraction
    }
}
