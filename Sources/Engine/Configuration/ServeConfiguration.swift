package import Access
package import ConfigurationFiles
import Quantities
package import Scheduling

/// What `weft serve` starts: an HTTP server, and the units behind it.
///
/// The short form of a configuration with one unit has the unit's fields beside the server's.
package struct ServeConfiguration: Sendable, Hashable {
    package var host = "127.0.0.1"
    package var port = 8080
    package var access = AccessConfiguration()
    package var log = LogConfiguration()
    /// Nothing is traced where absent.
    package var tracing: TracingConfiguration?
    /// Models stay where they are where absent.
    package var replacement: ReplacementConfiguration?
    package var units: [UnitConfiguration]

    package static let ports = 0...65_535

    package init(units: [UnitConfiguration]) { self.units = units }

    /// - Parameter unit: the name of the only unit to serve; `nil` for all of them.
    /// - Throws: `FileError`, also where there is no unit of that name.
    package init(_ root: Field, unit name: String? = nil) throws(FileError) {
        var units: [UnitConfiguration] = []
        if let list = try root.optional("units") {
            try root.allowOnly(Self.fields.union(["units"]))
            for (index, entry) in try list.elements(eachWithOwn: "name").enumerated() {
                try entry.allowOnly(UnitConfiguration.fields)
                let unit = try UnitConfiguration(entry, standardName: "unit\(index)")
                if units.contains(where: { $0.name == unit.name }) {
                    throw entry.error("is called '\(unit.name)', as another unit is")
                }
                units.append(unit)
            }
        } else {
            try root.allowOnly(UnitConfiguration.fields.union(Self.fields))
            units = [try UnitConfiguration(root, standardName: "unit0")]
        }
        if let name {
            let names = units.map(\.name).joined(separator: ", ")
            units.removeAll { $0.name != name }
            if units.isEmpty {
                throw try (root.optional("units") ?? root).error("there is no unit '\(name)'; there are \(names)")
            }
        }
        self.units = units
        host = try root.optional("host")?.text() ?? host
        port = try root.optional("port")?.integer(Self.ports) ?? port
        access = try AccessConfiguration(root)
        log = try root.optional("log").map { field throws(FileError) in try LogConfiguration(field) } ?? log
        tracing = try root.optional("tracing").map { field throws(FileError) in try TracingConfiguration(field) }
        replacement = try root.optional("replacement").map { field throws(FileError) in
            try ReplacementConfiguration(field)
        }
    }

    private static let fields = AccessConfiguration.fields.union(["host", "port", "log", "tracing", "replacement"])
}

/// A device or a mesh of them, its pool, and the models on it.
package struct UnitConfiguration: Sendable, Hashable {
    /// What status, metrics and errors call it.
    package var name: String
    /// `vulkan`, `opencl:0`, `vulkan:llvmpipe`: one device, or those that compute each model together. One that is
    /// named several times is divided into so many parts. The machine's default device where there is none.
    package var devices: [String] = []
    /// Into how many its models are cut; as many as there are devices where absent.
    package var shards: Int?
    /// Megabytes of KV pages that all models share. Chosen: 32,768 pages of 16 KiB, which fit beside small models on
    /// any machine.
    package var poolMegabytes = 512
    /// Megabytes of weights that may be loaded at once; as much as the device has where absent.
    package var weightsMegabytes: Int?
    package var policy = PolicyName.adbs
    /// Requests that may wait or run; more are refused with 503. Chosen: 16 times a model's `maxSequences`.
    package var maxRequests = 1024
    /// Seconds that every pass of the device may take; more if passes were seen to. What takes longer hangs, and the
    /// unit is built anew. 0 watches nothing. Chosen: longer than a pass of any model that people wait for.
    package var watchdog = 10.0
    /// Seconds that requests wait to go on where they were after the device has failed; 0 ends them at once. Chosen: a
    /// large model is loaded in less, and clients wait longer.
    package var resume = 120.0
    package var models: [ModelConfiguration]

    package init(name: String = "unit0", models: [ModelConfiguration]) {
        self.name = name
        self.models = models
    }

    fileprivate static let fields: Set<String> = [
        "name", "device", "devices", "shards", "pool_mb", "weights_mb", "policy", "max_requests", "watchdog",
        "resume", "models",
    ]
    /// Devices of a mesh, and shards: one to eight, as MuxServe's.
    private static let meshes = 1...8
    /// As many as the scheduler's tables are meant for.
    private static let mostModels = 1024
    /// Chosen: a terabyte for pages and requests by the million, 16 terabytes for weights: beyond any machine, and
    /// numbers of bytes are far from overflow.
    private static let waits = 0.0...86_400
    private static let (mostMegabytes, mostWeightMegabytes, mostRequests) = (1 << 20, 1 << 24, 1 << 20)

    /// Fields of its own; whether there may be others is for the caller to say.
    ///
    /// - Parameter standardName: where the file gives none.
    fileprivate init(_ field: Field, standardName: String) throws(FileError) {
        let list = try field.field("models")
        var models: [ModelConfiguration] = []
        for entry in try list.elements(eachWithOwn: "name") { models.append(try ModelConfiguration(entry)) }
        if models.count > Self.mostModels {
            throw list.error("must be at most \(Self.mostModels); are \(models.count)")
        }
        self.init(name: try field.optional("name")?.name() ?? standardName, models: models)
        if let device = try field.optional("device") { devices = [try device.text()] }
        if let list = try field.optional("devices") {
            guard devices.isEmpty else { throw list.error("must be absent where there is 'device'") }
            for entry in try list.elements() { devices.append(try entry.text()) }
            guard Self.meshes.contains(devices.count) else {
                throw list.error("must be \(Self.meshes.lowerBound) to \(Self.meshes.upperBound); are \(devices.count)")
            }
        }
        if let entry = try field.optional("shards") {
            let count = try entry.integer(Self.meshes), ranks = max(1, devices.count)
            guard count % ranks == 0 else {
                throw entry.error("must be a multiple of the \(ranks) devices; is \(count)")
            }
            shards = count
        }
        poolMegabytes = try field.optional("pool_mb")?.integer(1...Self.mostMegabytes) ?? poolMegabytes
        weightsMegabytes = try field.optional("weights_mb")?.integer(1...Self.mostWeightMegabytes)
        policy = try field.optional("policy")?.choice() ?? policy
        maxRequests = try field.optional("max_requests")?.integer(1...Self.mostRequests) ?? maxRequests
        watchdog = try field.optional("watchdog")?.number(Self.waits) ?? watchdog
        resume = try field.optional("resume")?.number(Self.waits) ?? resume
    }

    /// The shares of the jobs to come.
    var jobShares: [Share] { policy.jobShares(of: models.map(\.phaseShares)) }
}

/// Why a model or a unit cannot be served as it is asked for.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
