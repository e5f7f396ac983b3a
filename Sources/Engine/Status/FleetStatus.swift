package import Quantities
package import Scheduling

/// How all units stand.
package struct FleetStatus: Sendable, Codable, Hashable {
    package var units: [UnitStatus]

    package init(units: [UnitStatus]) { self.units = units }
}

/// How a unit stands: its pool, its lanes, its models.
package struct UnitStatus: Sendable, Codable, Hashable {
    /// Pages of the pool.
    package struct Pool: Sendable, Codable, Hashable {
        package var pages: Int
        package var pageBytes: Int
        package var held: Int
        /// Kept for their prefixes only; whoever needs pages gets them.
        package var cached: Int
        package var free: Int
    }

    /// A stream of work on a part of the device.
    package struct Lane: Sendable, Codable, Hashable {
        package var name: String
        /// Compute units that the lane has to itself; `nil` for the whole device, and where shares are turns.
        package var units: Int?
        /// Passes so far.
        package var passes: Int
        /// Seconds at work so far.
        package var busySeconds: Double
        /// The part of its speed alone that the lane kept beside other parts, saturated, when the unit started; `nil`
        /// for the whole device.
        package var isolation: Double?
    }

    package struct Model: Sendable, Codable, Hashable {
        package var name: String
        package var isPinned: Bool
        /// Bytes of its weights.
        package var weightBytes: Int
        /// Pages that it may hold now.
        package var quota: Int
        package var held: Int
        package var cached: Int
        /// Pages held beyond the quota.
        package var borrowed: Int
        /// The part of its sequences' pages that no token fills, 0...1.
        package var fragmentation: Double
        package var waiting: Int
        package var running: Int
        package var counters: ModelCounters
    }

    /// How far a failed unit is on its way back.
    package struct Recovery: Sendable, Codable, Hashable {
        /// Times that it was tried to build the unit anew, without success.
        package var tries = 0
        /// Why the last try failed; `nil` before the first has ended.
        package var reason: String?
        /// Requests that wait for the unit, to go on where they were.
        package var interrupted = 0
    }

    /// A model that could not be loaded again when its unit was built anew.
    package struct Missing: Sendable, Codable, Hashable {
        package var name: String
        package var reason: String
    }

    package var name: String
    package var device: String
    package var policy: PolicyName
    /// How lanes get their shares; `nil` where no model has less than the whole device.
    package var partitioning: String?
    package var pool: Pool
    package var lanes: [Lane]
    package var models: [Model]
    /// Why the unit takes no requests; `nil` while it works.
    package var failure: String?
    /// `nil` while the unit works.
    package var recovery: Recovery?
    /// How often the unit was built anew after its device failed.
    package var rebuilds = 0
    /// What was served before the device failed and is not served since, until it is loaded again or unloaded.
    package var missing: [Missing] = []
}

/// What a model has done since it was loaded.
package struct ModelCounters: Sendable, Codable, Hashable {
    /// Requests that were admitted.
    package var requests = 0
    /// Those of them that were taken up where they were, after the device had failed.
    package var resumed = 0
    /// Requests that ended, by `SequenceEnd.name`.
    package var finished: [String: Int] = [:]
    package var promptTokens = 0
    /// Tokens of prompts whose pages were found in the prefix index.
    package var cachedTokens = 0
    package var generatedTokens = 0
    package var preemptions = 0
    /// Pages held, integrated over time: what fairness is measured by (MuxServe, section 3.3).
    package var pageSeconds = 0.0
    package var times = RequestTimes()

    package init() {}
}

/// How long the requests of a model took that generate, in seconds, and how many tokens its passes had. Bounds are
/// those of vLLM, whose boards then fit.
package struct RequestTimes: Sendable, Codable, Hashable {
    /// From arrival to the first token.
    package var firstToken = Histogram(bounds: [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2560,
    ])
    /// From one token to the next.
    package var interToken = Histogram(bounds: [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ])
    /// From arrival to the end.
    package var whole = Histogram(bounds: Self.long)
    /// From arrival to the first pass.
    package var queue = Histogram(bounds: Self.long)
    /// From the first pass to the first token.
    package var prefill = Histogram(bounds: Self.long)
    /// From the first token to the last.
    package var decode = Histogram(bounds: Self.long)
    /// Tokens of a pass.
    package var passTokens = Histogram(bounds: [
        1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384,
    ])

    package init() {}

    private static let long: [Double] = [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
    ]
}
