package import Compute
package import Kernels
package import Logging
package import Placement
package import Quantities
import Routing
import Synchronization
package import Transformer

/// All units of a process: a request goes to the unit that serves its model, and where several do, to the one that
/// `Demand.choice` says.
///
/// ```swift
/// let fleet = Fleet(configuration, modelFolder: folder, logger: logger)
/// try await fleet.load { unit in try open(unit.devices) }
/// for try await event in try await fleet.generate(GenerationRequest(model: "a", prompt: tokens)) { … }
/// ```
package final class Fleet: TextGenerator, ModelAdministration {
    private let units: [UnitSupervisor]
    private let recorder = PassRecorder()
    /// The expected work of the requests that each unit has; counted where there are several units.
    private let work: Mutex<[Double]>
    /// What is asked of models; `nil` where nobody wants to know.
    private let meter: Mutex<RateMeter?>
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - modelFolder: what relative paths of model files are relative to.
    ///   - weightCache: where packed weights are kept; `nil` keeps none.
    ///   - tunings: where devices' shapes are kept; `nil` for the default shapes.
    ///   - openDevice: gives a unit's device or devices, and gives them anew after one failed.
    package init(
        _ configuration: ServeConfiguration, modelFolder: String, weightCache: WeightCache? = nil,
        tunings: TuningCache? = nil, logger: Logger,
        opening openDevice: @escaping @Sendable (UnitConfiguration) async throws -> Mesh
    ) {
        units = configuration.units.map { [recorder] unit in
            UnitSupervisor(
                unit, modelFolder: modelFolder, weightCache: weightCache, tunings: tunings, logger: logger,
                recorder: recorder
            ) { try await openDevice(unit) }
        }
        work = Mutex(Array(repeating: 0, count: configuration.units.count))
        meter = Mutex(configuration.replacement.map { RateMeter(halfLife: $0.halfLife) })
    }

    /// Makes all units, each with its device, pool and models.
    ///
    /// - Parameter progress: called with the name of a unit, a model's with what is being done, and the share that is
    ///   loaded.
    /// - Throws: what the first unit that cannot be made throws.
    package func load(
        progress: @escaping @Sendable (_ unit: String, _ model: String, Double) -> Void = { _, _, _ in }
    ) async throws {
        try await withThrowingTaskGroup { group in
            for unit in units {
                group.addTask { try await unit.load { progress(unit.name, $0, $1) } }
            }
            try await group.waitForAll()
        }
    }

    /// The models of all units, those of several only once.
    package var models: [ServedModel] {
        get async {
            var models: [ServedModel] = []
            for unit in units {
                for model in await unit.models where !models.contains(where: { $0.name == model.name }) {
                    models.append(model)
                }
            }
            return models
        }
    }

    package var isReady: Bool {
        get async {
            for unit in units {
                if await !unit.isReady { return false }
            }
            return true
        }
    }

    /// Pages that sequences hold, and pages there are, in all units.
    package var pageUse: (held: Int, total: Int) {
        get async {
            var sum = (held: 0, total: 0)
            for unit in units {
                let use = await unit.pageUse
                sum = (sum.held + use.held, sum.total + use.total)
            }
            return sum
        }
    }

    package func generate(
        _ request: GenerationRequest
    ) async throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let demand = Demand(
            model: request.model,
            work: ExpectedWork(promptTokens: request.prompt.count, mostOutputTokens: request.maxTokens),
            prefix: PrefixHash(request.prompt))
        let (stream, booking) = try await admit(request, demand)
        guard let booking else { return stream }
        // Pulled by the one that reads the result, and so ended with it.
        nonisolated(unsafe) var iterator = stream.makeAsyncIterator()
        return AsyncThrowingStream { [self] in
            defer { withExtendedLifetime(booking) {} }
            let event = try await iterator.next()
            if case .finished(_, let usage) = event {
                note { $0.ended(request.model, outputTokens: usage.completionTokens, at: now) }
            }
            return event
        }
    }

    /// Has a unit take a request. If it gives the model up in the moment in which it is chosen, one that has the model
    /// now takes its place.
    private func admit(
        _ request: GenerationRequest, _ demand: Demand
    ) async throws(EngineError) -> (AsyncThrowingStream<GenerationEvent, any Error>, Booking?) {
        let (unit, booking) = try await place(demand)
        // Also what is refused now is asked of the model.
        note { $0.arrived(request.model, promptTokens: request.prompt.count, at: now) }
        do { return (try await unit.generate(request), booking) } catch {
            guard await !unit.models.contains(where: { $0.name == demand.model }) else { throw error }
            let others = await indices { await $0.models.contains { $0.name == demand.model } }
            guard !others.isEmpty else { throw error }
        }
        let (other, second) = try await place(demand)
        return (try await other.generate(request), second)
    }

    // MARK: Rates

    /// Seconds since the fleet was made: the clock of `rates`.
    package var now: Seconds { start.duration(to: .now) / .seconds(1) }

    /// What has been asked of models; `nil` where the configuration does not have them moved.
    package var rates: RateMeter? { meter.withLock { $0 } }

    private func note(_ body: (inout RateMeter) -> Void) {
        meter.withLock { meter in
            guard var changed = meter else { return }
            // Taken out, as what is in two places is copied when it changes.
            meter = nil
            body(&changed)
            meter = changed
        }
    }

    package func embed(_ request: EmbeddingRequest) async throws(EngineError) -> Embedding {
        let work = ExpectedWork(promptTokens: request.prompt.count, mostOutputTokens: 0)
        let (unit, booking) = try await place(Demand(model: request.model, work: work))
        defer { withExtendedLifetime(booking) {} }
        return try await unit.embed(request)
    }

    /// Work that a unit has until nobody holds this any more.
    private final class Booking: Sendable {
        private let fleet: Fleet
        private let unit: Int
        private let work: Double

        init(_ fleet: Fleet, _ unit: Int, _ work: Double) { (self.fleet, self.unit, self.work) = (fleet, unit, work) }

        deinit { fleet.work.withLock { $0[unit] -= work } }
    }

    /// The unit that takes the next request for a model.
    ///
    /// - Returns: with it its work, where there are several units.
    private func place(_ demand: Demand) async throws(EngineError) -> (unit: UnitSupervisor, Booking?) {
        let serving = await indices { await $0.models.contains { $0.name == demand.model } }
        guard let first = serving.first else {
            // A unit that is not up yet says so; it may be the one that is asked for.
            if let loading = await unitThatLoads() { return (loading, nil) }
            throw .modelNotFound(demand.model)
        }
        guard units.count > 1 else { return (units[first], nil) }
        let able = await indices(among: serving) { await $0.takesRequests }
        let index = work.withLock { work in
            let replicas = able.map { Replica(name: units[$0].name, work: work[$0]) }
            // One that takes none says why.
            let index = demand.choice(among: replicas).map { able[$0] } ?? first
            work[index] += demand.work.total
            return index
        }
        return (units[index], Booking(self, index, demand.work.total))
    }

    private func indices(among: [Int]? = nil, where holds: (UnitSupervisor) async -> Bool) async -> [Int] {
        var found: [Int] = []
        for index in among ?? Array(units.indices) where await holds(units[index]) { found.append(index) }
        return found
    }

    private func unitThatLoads() async -> UnitSupervisor? {
        for unit in units {
            if await unit.status == nil { return unit }
        }
        return nil
    }

    // MARK: Placement

    /// What each unit has loaded, and how much it could have.
    ///
    /// - Throws: `EngineError.unavailable` where a unit does not work.
    package func placements() async throws(EngineError) -> [UnitPlacement] {
        var placements: [UnitPlacement] = []
        for unit in units { placements.append(try await unit.placement()) }
        return placements
    }

    /// Makes a move: the model is loaded at its new place, new requests go there, and the old place ends what it has.
    ///
    /// - Parameters:
    ///   - model: As it is served at its new place.
    ///   - patience: How long requests at the old place may go on.
    /// - Throws: Why the model cannot be loaded; it stays where it is then.
    package func carryOut(_ move: ModelMove, as model: ModelConfiguration, patience: Duration) async throws {
        if let unit = units.first(where: { $0.name == move.destination }) { _ = try await unit.load(model) }
        if let unit = units.first(where: { $0.name == move.source }) {
            try await unit.unload(model.name, patience: patience)
        }
    }

    // MARK: Administration

    package func load(_ model: ModelConfiguration, unit name: String?) async throws -> ServedModel {
        let names = units.map(\.name).joined(separator: ", ")
        let chosen = units.filter { name == nil || $0.name == name }
        guard let unit = chosen.first else {
            throw ConfigurationError("unit: there is no unit '\(name ?? "")'; there are \(names)")
        }
        guard chosen.count == 1 else { throw ConfigurationError("unit: is needed, one of \(names)") }
        return try await unit.load(model)
    }

    package func unload(_ name: String, patience: Duration) async throws {
        var isKnown = false
        for unit in units {
            let status = await unit.status
            let isServed = await unit.models.contains { $0.name == name }
            guard isServed || status?.missing.contains(where: { $0.name == name }) == true else { continue }
            isKnown = true
            try await unit.unload(name, patience: patience)
        }
        if !isKnown {
            if let loading = await unitThatLoads() { return try await loading.unload(name, patience: patience) }
            throw EngineError.modelNotFound(name)
        }
    }

    /// Serves another configuration, or goes on as before where anything is wrong with it.
    ///
    /// - Parameters:
    ///   - old: the configuration that was served last.
    ///   - patience: how long requests of models that go may go on.
    /// - Returns: what was done.
    /// - Throws: `ConfigurationError`, `EngineError`, or why a model cannot be loaded.
    package func reload(
        from old: ServeConfiguration, to new: ServeConfiguration, patience: Duration
    ) async throws -> ReloadPlan {
        let loaded = try await loadedModels
        let plan = try ReloadPlan(from: old, to: new) { loaded[$0] ?? [] }
        for (unit, changes) in supervised(plan) { try await unit.check(changes) }
        do { try await apply(plan, patience) } catch {
            // All that could be checked allowed it. The way back is a plan as well, to what was there.
            var before = old
            for index in before.units.indices {
                before.units[index].models = loaded[before.units[index].name]?.map(\.configuration) ?? []
            }
            do {
                let present = try await loadedModels
                try await apply(ReloadPlan(from: new, to: before) { present[$0] ?? [] }, patience)
            } catch let second {
                throw ConfigurationError("\(error); and what was served before could not be restored: \(second)")
            }
            throw error
        }
        return plan
    }

    private var loadedModels: [String: [ReloadPlan.Loaded]] {
        get async throws {
            var loaded: [String: [ReloadPlan.Loaded]] = [:]
            for unit in units { loaded[unit.name] = try await unit.loadedModels() }
            return loaded
        }
    }

    private func supervised(_ plan: ReloadPlan) -> [(UnitSupervisor, ReloadPlan.Unit)] {
        plan.units.compactMap { changes in units.first { $0.name == changes.name }.map { ($0, changes) } }
    }

    private func apply(_ plan: ReloadPlan, _ patience: Duration) async throws {
        for (unit, changes) in supervised(plan) { try await unit.apply(changes, patience: patience) }
    }

    package var passes: PassRecorder? { recorder }

    /// `nil` before every unit is up.
    package var status: FleetStatus? {
        get async {
            var statuses: [UnitStatus] = []
            for unit in units {
                guard let status = await unit.status else { return nil }
                statuses.append(status)
            }
            return FleetStatus(units: statuses)
        }
    }
}

/// What operators ask of a fleet while it serves.
package protocol ModelAdministration: Sendable {
    /// Loads one more model; the others go on. Idle models that are not pinned make room where memory lacks.
    ///
    /// - Parameter unit: the unit that takes it; not needed where there is one.
    /// - Throws: `ConfigurationError`, `ModelError`, `ComputeError`, naming what is wrong with it.
    func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel

    /// Unloads a model from every unit; its requests may end until `patience` is over. Returns when its memory is free.
    /// - Throws: `EngineError.modelNotFound`.
    func unload(_ name: String, patience: Duration) async throws

    /// `nil` before anything is reserved.
    var status: FleetStatus? { get async }

    /// What lanes have done lately; `nil` where nobody notes it.
    var passes: PassRecorder? { get }
}

extension ModelAdministration {
    package var passes: PassRecorder? { nil }
}
