package import Quantities

/// How long the next request of a model will wait for its first token, by what those before it waited and how many
/// requests stood before them.
///
/// A queue that is longer than its requests will wait serves nobody: what is done for those who have given up is
/// missing to those who come. So who would wait too long is told at once.
///
/// Source: Little 1961: in a queue that moves at some rate, the wait is the place in it over the rate.
package struct WaitForecast: Sendable {
    /// Seconds by which one more request before it makes one wait longer, smoothed.
    private var secondsPerPlace: [ModelID: Seconds] = [:]

    /// How a new measurement is weighed. Chosen: after ten, a tenth of an old one is left.
    private static let weight = 0.2

    package init() {}

    /// A request had its first token.
    ///
    /// - Parameters:
    ///   - place: requests of the model that were without a first token when it came.
    ///   - seconds: since it came.
    package mutating func learn(_ model: ModelID, place: Int, seconds: Seconds) {
        let measured = seconds / Double(place + 1)
        let known = secondsPerPlace[model] ?? measured
        secondsPerPlace[model] = known + Self.weight * (measured - known)
    }

    /// The model is gone.
    package mutating func forget(_ model: ModelID) { secondsPerPlace[model] = nil }

    /// How much longer than `limit` a request at this place would wait; `nil` where it may come. With nobody before it,
    /// it always may, or nothing would be learnt any more.
    package func excess(_ model: ModelID, place: Int, limit: Seconds) -> Seconds? {
        guard place > 0, let seconds = secondsPerPlace[model] else { return nil }
        let wait = seconds * Double(place + 1)
        return wait > limit ? wait - limit : nil
    }
}
