public import Scheduling

/// How an engine stands: its pool, its lanes, its models.
public struct EngineStatus: Sendable, Codable, Hashable {
    /// Pages of the pool.
    public struct Pool: Sendable, Codable, Hashable {
        public var pages: Int
        public var pageBytes: Int
        public var held: Int
        /// Kept for their prefixes only; they go to whoever needs them.
        public var cached: Int
        public var free: Int
    }

    /// A stream of work on a part of the device.
    public struct Lane: Sendable, Codable, Hashable {
        public var name: String
        /// Compute units that the lane has to itself; `nil` for the whole device, and where shares are turns.
        public var units: Int?
        /// Passes so far.
        public var passes: Int
        /// Seconds at work so far.
        public var busySeconds: Double
        /// The part of its speed alone that the lane kept beside other parts, saturated, when the unit started; `nil`
        /// for the whole device.
        public var isolation: Double?
    }

    public struct Model: Sendable, Codable, Hashable {
        public var name: String
        public var isPinned: Bool
        /// Bytes of its weights.
        public var weightBytes: Int
        /// Pages that it may hold now.
        public var quota: Int
        public var held: Int
        public var cached: Int
        /// Pages held beyond the quota.
        public var borrowed: Int
        /// The part of its sequences' pages that no token fills, 0...1.
        public var fragmentation: Double
        public var waiting: Int
        public var running: Int
        public var counters: ModelCounters
    }

    /// How far a failed unit is on its way back.
    public struct Recovery: Sendable, Codable, Hashable {
        /// Times that it was tried to build the unit anew, without success.
        public var tries = 0
        /// Why the last try failed; `nil` before the first has ended.
        public var reason: String?
    }

    /// A model that could not be loaded again when its unit was built anew.
    public struct Missing: Sendable, Codable, Hashable {
        public var name: String
        public var reason: String
    }

    public var device: String
    public var policy: PolicyName
    /// How lanes get their shares; `nil` where no model has less than the whole device.
    public var partitioning: String?
    public var pool: Pool
    public var lanes: [Lane]
    public var models: [Model]
    /// Why the unit takes no requests; `nil` while it works.
    public var failure: String?
    /// `nil` while the unit works.
    public var recovery: Recovery?
    /// How often the unit was built anew after its device failed.
    public var rebuilds = 0
    /// What was served before the device failed and is not served since, until it is loaded again or unloaded.
    public var missing: [Missing] = []
}
