public import Scheduling

/// What `weft serve` starts: a device, its pool, and the models on it.
public struct ServeConfiguration: Sendable, Codable, Hashable {
    public var host = "127.0.0.1"
    public var port = 8080
    /// `vulkan`, `opencl:0`, `vulkan:llvmpipe`; the machine's default device where absent.
    public var device: String?
    /// Megabytes of KV pages that all models share.
    public var poolMegabytes = 512
    /// Megabytes of weights that may be loaded at once; as much as the device has where absent.
    public var weightsMegabytes: Int?
    public var policy = PolicyName.adbs
    /// Requests that may wait or run; more are refused with 503.
    public var maxRequests = 1024
    public var models: [ModelConfiguration]

    public init(models: [ModelConfiguration]) { self.models = models }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case host, port, device, policy, models
        case poolMegabytes = "pool_mb"
        case maxRequests = "max_requests"
        case weightsMegabytes = "weights_mb"
    }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownKeys(CodingKeys.self)
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        models = try keys.decode([ModelConfiguration].self, forKey: .models)
        host = try keys.decodeIfPresent(String.self, forKey: .host) ?? host
        port = try keys.decodeIfPresent(Int.self, forKey: .port) ?? port
        device = try keys.decodeIfPresent(String.self, forKey: .device)
        poolMegabytes = try keys.decodeIfPresent(Int.self, forKey: .poolMegabytes) ?? poolMegabytes
        weightsMegabytes = try keys.decodeIfPresent(Int.self, forKey: .weightsMegabytes)
        policy = try keys.decodeIfPresent(PolicyName.self, forKey: .policy) ?? policy
        maxRequests = try keys.decodeIfPresent(Int.self, forKey: .maxRequests) ?? maxRequests
    }

    /// The shares of the jobs to come.
    var jobShares: [Share] { policy.jobShares(of: models.map(\.phaseShares)) }

    /// - Throws: `ConfigurationError` naming the first field that cannot be served.
    public func check() throws(ConfigurationError) {
        func require(_ holds: Bool, _ reason: String) throws(ConfigurationError) {
            if !holds { throw ConfigurationError(reason) }
        }
        try require(!models.isEmpty, "models: at least one is needed")
        try require((0...65535).contains(port), "port: \(port) is not between 0 and 65535")
        try require((1...(1 << 20)).contains(poolMegabytes), "pool_mb: \(poolMegabytes) is not between 1 and 1048576")
        let weights = 1...(1 << 24)
        try require(weights.contains(weightsMegabytes ?? 1), "weights_mb: must be between 1 and \(weights.upperBound)")
        let requests = 1...(1 << 20)
        try require(requests.contains(maxRequests), "max_requests: must be between 1 and \(requests.upperBound)")
        try require(models.count <= 1024, "models: there are \(models.count), and at most 1024 may be")
        var names: Set<String> = []
        for model in models {
            try model.check()
            try require(names.insert(model.name).inserted, "models: the name '\(model.name)' is used twice")
        }
    }
}

/// Why a configuration cannot be served.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

extension Decoder {
    /// A misspelt key is an error, not a default.
    func refuseUnknownKeys<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws {
        let known = Set(Key.allCases.map(\.stringValue))
        for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
            let choices = known.sorted().joined(separator: ", ")
            throw ConfigurationError("unknown key '\(key.stringValue)' (known are \(choices))")
        }
    }
}

private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init?(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
}
