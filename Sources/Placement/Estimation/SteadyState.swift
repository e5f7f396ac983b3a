import Quantities

/// How a model runs in its unit once arrivals and departures balance.
struct SteadyState: Hashable, Sendable {
    var batch: Double
    /// Requests per second that the batch sustains; may exceed the arrival rate.
    var throughput: Double
    /// Requests per second at the largest batch that the model's quota permits.
    var capacity: Double
    /// From a request's prefill to its last token.
    var residence: Seconds
    /// The residence alone on the whole mesh.
    var unloadedResidence: Seconds
}
