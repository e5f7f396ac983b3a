import ArgumentParser

/// What `weft plan` maximises.
enum ObjectiveName: String, ExpressibleByArgument, CaseIterable {
    /// Requests per second, up to the arrival rates.
    case throughput
    /// Requests per second within a multiple of their unloaded latency.
    case attainment
    /// The objective of MuxServe's published optimiser.
    case reference
}
