import Quantities
package import Scheduling

/// What `weft serve` starts: an HTTP server, and the units behind it.
///
/// The short form of a configuration with one unit has the unit's fields beside the server's.
package struct ServeConfiguration: Sendable, Decodable, Hashable {
    package var host = "127.0.0.1"
    package var port = 8080
    package var units: [UnitConfiguration]

    package init(units: [UnitConfiguration]) { self.units = units }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case host, port, units
    }

    package init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        if keys.contains(.units) {
            try decoder.refuseUnknownKeys(CodingKeys.allCases)
            units = try keys.decode([UnitConfiguration].self, forKey: .units)
            for index in units.indices where units[index].name.isEmpty { units[index].name = "unit\(index)" }
        } else {
            let known: [any CodingKey] = CodingKeys.allCases + UnitConfiguration.CodingKeys.allCases
            try decoder.refuseUnknownKeys(known)
            units = [try UnitConfiguration(from: decoder)]
            if units[0].name.isEmpty { units[0].name = "unit0" }
        }
        host = try keys.decodeIfPresent(String.self, forKey: .host) ?? host
        port = try keys.decodeIfPresent(Int.self, forKey: .port) ?? port
    }

    /// - Throws: `ConfigurationError` naming the first field that cannot be served.
    package func check() throws(ConfigurationError) {
        try require((0...65535).contains(port), "port: \(port) is not between 0 and 65535")
        try require(!units.isEmpty, "units: at least one is needed")
        var names: Set<String> = []
        for unit in units {
            try require(names.insert(unit.name).inserted, "units: the name '\(unit.name)' is used twice")
            do throws(ConfigurationError) { try unit.check() } catch {
                throw units.count == 1 ? error : ConfigurationError("unit '\(unit.name)': \(error)")
            }
        }
    }
}

/// A device, its pool, and the models on it.
package struct UnitConfiguration: Sendable, Decodable, Hashable {
    /// What status, metrics and errors call it.
    package var name = ""
    /// `vulkan`, `opencl:0`, `vulkan:llvmpipe`; the machine's default device where absent.
    package var device: String?
    /// Megabytes of KV pages that all models share.
    package var poolMegabytes = 512
    /// Megabytes of weights that may be loaded at once; as much as the device has where absent.
    package var weightsMegabytes: Int?
    package var policy = PolicyName.adbs
    /// Requests that may wait or run; more are refused with 503.
    package var maxRequests = 1024
    package var models: [ModelConfiguration]

    package init(name: String = "unit0", models: [ModelConfiguration]) {
        self.name = name
        self.models = models
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, device, policy, models
        case poolMegabytes = "pool_mb"
        case maxRequests = "max_requests"
        case weightsMegabytes = "weights_mb"
    }

    /// Keys of its own only; a container of several units knows no others.
    package init(from decoder: any Decoder) throws {
        if !decoder.codingPath.isEmpty { try decoder.refuseUnknownKeys(CodingKeys.allCases) }
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        models = try keys.decode([ModelConfiguration].self, forKey: .models)
        name = try keys.decodeIfPresent(String.self, forKey: .name) ?? name
        device = try keys.decodeIfPresent(String.self, forKey: .device)
        poolMegabytes = try keys.decodeIfPresent(Int.self, forKey: .poolMegabytes) ?? poolMegabytes
        weightsMegabytes = try keys.decodeIfPresent(Int.self, forKey: .weightsMegabytes)
        policy = try keys.decodeIfPresent(PolicyName.self, forKey: .policy) ?? policy
        maxRequests = try keys.decodeIfPresent(Int.self, forKey: .maxRequests) ?? maxRequests
    }

    /// The shares of the jobs to come.
    var jobShares: [Share] { policy.jobShares(of: models.map(\.phaseShares)) }

    fileprivate func check() throws(ConfigurationError) {
        try require(!models.isEmpty, "models: at least one is needed")
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

private func require(_ holds: Bool, _ reason: String) throws(ConfigurationError) {
    if !holds { throw ConfigurationError(reason) }
}

/// Why a configuration cannot be served.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

extension Decoder {
    /// A misspelt key is an error, not a default.
    func refuseUnknownKeys(_ keys: [any CodingKey]) throws {
        let known = Set(keys.map(\.stringValue))
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
