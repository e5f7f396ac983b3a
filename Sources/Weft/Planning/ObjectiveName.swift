import ArgumentParser

/// What `weft plan` maximises.
enum ObjectiveName: String, ExpressibleByArgument, CaseIterable {
    /// The rate-weighted mean of requests per second, up to the arrival rates.
    case throughput
    /// Requests per second within a multiple of their unloaded latency.
    case attainment
    /// The objective of MuxServe's published optimiser.
    case reference
}
