import Access

/// What a server that serves must do to serve another configuration.
///
/// Models come to serve as the new configuration says, and those that only the old one names go. Models that neither
/// names, as `/admin` loads them, stay as they are.
package struct ReloadPlan: Sendable, Hashable {
    /// What becomes of one model of a unit.
    package enum Change: Sendable, Hashable {
        /// It is scheduled otherwise, and goes on meanwhile.
        case adjust(ModelConfiguration, fields: [String])
        case remove(String)
        /// It is unloaded and loaded again.
        case replace(ModelConfiguration, fields: [String])
        case add(ModelConfiguration)
    }

    /// The changes of one unit, in the order in which they are made.
    package struct Unit: Sendable, Hashable {
        package var name: String
        /// `nil` where it stays.
        package var maxRequests: Int?
        package var changes: [Change] = []
        /// All that the configuration wants on it, from which the lanes of a unit that is built anew follow.
        package var models: [ModelConfiguration]
    }

    /// A model that serves now.
    package struct Loaded: Sendable, Hashable {
        package var configuration: ModelConfiguration
        /// What it was loaded with: its memory holds no larger chunk and no more sequences.
        package var memory: ModelConfiguration

        package init(configuration: ModelConfiguration, memory: ModelConfiguration) {
            (self.configuration, self.memory) = (configuration, memory)
        }
    }

    /// Those that change.
    package private(set) var units: [Unit] = []
    /// Fields of the server itself that take another value.
    package private(set) var fields: [String] = []

    package var isEmpty: Bool { units.isEmpty && fields.isEmpty }

    /// - Parameters:
    ///   - old: the configuration that was served last.
    ///   - loaded: the models of a unit.
    /// - Throws: `ConfigurationError` naming all fields that only a restart changes.
    /// - Complexity: O(n^2) in the models of a unit.
    package init(
        from old: ServeConfiguration, to new: ServeConfiguration, loaded: (_ unit: String) -> [Loaded]
    ) throws(ConfigurationError) {
        let fixed = Self.fixedFields(of: old, new)
        guard fixed.isEmpty else {
            throw ConfigurationError(
                "\(fixed.joined(separator: ", ")): \(fixed.count == 1 ? "needs" : "need") a restart to change")
        }
        if old.access.aliases != new.access.aliases { fields.append("aliases") }
        if old.log != new.log { fields.append("log") }
        for unit in new.units {
            guard let before = old.units.first(where: { $0.name == unit.name }) else { continue }
            var plan = Unit(name: unit.name, models: unit.models)
            if before.maxRequests != unit.maxRequests { plan.maxRequests = unit.maxRequests }
            plan.changes = Self.changes(of: loaded(unit.name), from: before.models, to: unit.models)
            if plan.maxRequests != nil || !plan.changes.isEmpty { units.append(plan) }
        }
    }

    /// The paths of fields that differ and that only a restart changes.
    private static func fixedFields(of old: ServeConfiguration, _ new: ServeConfiguration) -> [String] {
        let (a, b) = (old.access, new.access)
        var fixed = [
            ("host", old.host != new.host), ("port", old.port != new.port), ("keys", a.keys != b.keys),
            ("insecure", a.isInsecure != b.isInsecure), ("admin", a.admin != b.admin), ("tls", a.tls != b.tls),
            ("cors", a.origins != b.origins), ("tracing", old.tracing != new.tracing),
            ("replacement", old.replacement != new.replacement),
            ("units", Set(old.units.map(\.name)) != Set(new.units.map(\.name))),
        ].filter(\.1).map(\.0)
        for unit in new.units {
            guard let before = old.units.first(where: { $0.name == unit.name }) else { continue }
            // As the file has it.
            let devices = before.devices.count > 1 || unit.devices.count > 1 ? "devices" : "device"
            let differing = [
                (devices, before.devices != unit.devices), ("shards", before.shards != unit.shards),
                ("pool_mb", before.poolMegabytes != unit.poolMegabytes),
                ("weights_mb", before.weightsMegabytes != unit.weightsMegabytes),
                ("policy", before.policy != unit.policy),
            ].filter(\.1).map(\.0)
            fixed += differing.map { new.units.count == 1 ? $0 : "\($0) of unit '\(unit.name)'" }
        }
        return fixed
    }

    private static func changes(
        of loaded: [Loaded], from old: [ModelConfiguration], to new: [ModelConfiguration]
    ) -> [Change] {
        let wanted = Set(new.map(\.name)), named = Set(old.map(\.name))
        let removals = loaded.map(\.configuration.name).filter { named.contains($0) && !wanted.contains($0) }
        var adjustments: [Change] = [], loads: [Change] = []
        for model in new {
            guard let present = loaded.first(where: { $0.configuration.name == model.name }) else {
                loads.append(.add(model))
                continue
            }
            let differing = fields(of: present.configuration, model)
            if differing.isEmpty { continue }
            if mustBeLoadedAgain(present, for: model) {
                loads.append(.replace(model, fields: differing))
            } else {
                adjustments.append(.adjust(model, fields: differing))
            }
        }
        return adjustments + removals.map(Change.remove) + loads
    }

    private static func mustBeLoadedAgain(_ loaded: Loaded, for model: ModelConfiguration) -> Bool {
        let (now, memory) = (loaded.configuration, loaded.memory)
        return now.path != model.path || now.context != model.context || now.kvType != model.kvType
            || model.maxSequences > memory.maxSequences || model.chunk > memory.chunk
    }

    /// The names of fields in which two models differ.
    private static func fields(of a: ModelConfiguration, _ b: ModelConfiguration) -> [String] {
        [
            ("path", a.path != b.path), ("context", a.context != b.context), ("kv_type", a.kvType != b.kvType),
            ("rate", a.rate != b.rate), ("shares", a.shares != b.shares),
            ("max_sequences", a.maxSequences != b.maxSequences), ("chunk", a.chunk != b.chunk),
            ("ttft", a.ttft != b.ttft), ("tpot", a.tpot != b.tpot), ("pinned", a.pinned != b.pinned),
        ].filter(\.1).map(\.0)
    }
}

/// What a reload has changed, as operators are told.
package struct ReloadReport: Sendable, Codable, Hashable {
    package struct Change: Sendable, Codable, Hashable {
        package var unit: String
        /// `nil` of a field of the unit itself.
        package var model: String?
        /// `added`, `removed`, `adjusted` or `replaced`.
        package var change: String
        package var fields: [String]
    }

    package var changes: [Change] = []
    /// Fields of the server itself.
    package var fields: [String]

    package init(_ plan: ReloadPlan) {
        fields = plan.fields
        for unit in plan.units {
            if unit.maxRequests != nil {
                changes.append(.init(unit: unit.name, change: "adjusted", fields: ["max_requests"]))
            }
            for change in unit.changes {
                switch change {
                case .adjust(let model, let fields): add(unit, model.name, "adjusted", fields)
                case .replace(let model, let fields): add(unit, model.name, "replaced", fields)
                case .add(let model): add(unit, model.name, "added")
                case .remove(let model): add(unit, model, "removed")
                }
            }
        }
    }

    private mutating func add(_ unit: ReloadPlan.Unit, _ model: String, _ word: String, _ fields: [String] = []) {
        changes.append(.init(unit: unit.name, model: model, change: word, fields: fields))
    }
}
