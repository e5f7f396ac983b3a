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
    /// Requests that ended, by `SequenceEnd.name`.
    package var finished: [String: Int] = [:]
    package var promptTokens = 0
    /// Tokens of prompts whose pages were found in the prefix index.
    package var cachedTokens = 0
    package var generatedTokens = 0
    package var preemptions = 0
    /// Pages held, integrated over time: what fairness is measured by (MuxServe, section 3.3).
    package var pageSeconds = 0.0

    package init() {}
}
