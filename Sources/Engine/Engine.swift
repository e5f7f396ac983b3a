public import Compute
import KVCache
public import Logging
public import Transformer

/// All units of a process: models by name, ready to generate.
///
/// A unit whose device fails is built anew, with the models that it had; its requests fail clearly.
public actor Engine: TextGenerator {
    enum State {
        case loading
        case ready
        /// The unit failed and is not back yet.
        case recovering(Recovery)
    }

    private let configuration: ServeConfiguration
    private let modelFolder: String
    private let weightCache: WeightCache?
    let logger: Logger
    private var openDevice: @Sendable () async throws -> any Device = { throw EngineError.unavailable("no device") }
    var state = State.loading
    var unit: Unit?
    private var deviceName = ""
    /// The load, unload or rebuild under way: one at a time.
    private var change: Task<Void, Never>?
    /// How often a failed unit was built anew.
    var rebuilds = 0
    /// Models that a unit built anew had to leave out.
    var missing: [EngineStatus.Missing] = []

    /// - Parameters:
    ///   - modelFolder: what relative paths of model files are relative to.
    ///   - weightCache: where packed weights are kept; `nil` keeps none.
    public init(
        _ configuration: ServeConfiguration, modelFolder: String, weightCache: WeightCache? = nil, logger: Logger
    ) {
        self.weightCache = weightCache
        self.configuration = configuration
        self.modelFolder = modelFolder
        self.logger = logger
    }

    /// None until all of the configuration are loaded.
    public var models: [ServedModel] {
        get async {
            switch state {
            case .loading: []
            case .ready: await unit?.served ?? []
            case .recovering(let recovery): recovery.served
            }
        }
    }

    public var isReady: Bool {
        get async {
            guard case .ready = state, let unit else { return false }
            return await unit.isHealthy
        }
    }

    /// Pages that sequences hold, and pages there are.
    public var pageUse: (held: Int, total: Int) {
        get async { await unit?.pageUse ?? (0, 0) }
    }

    /// Opens the device, reserves the pool, then loads the models one after the other.
    ///
    /// - Parameters:
    ///   - openDevice: gives the device, and gives it anew after it failed.
    ///   - progress: called with a model's name and the share of it that is loaded.
    /// - Throws: what the first model that cannot be loaded throws.
    public func load(
        opening openDevice: @escaping @Sendable () async throws -> any Device,
        progress: @escaping @Sendable (String, Double) -> Void = { _, _ in }
    ) async throws {
        try configuration.check()
        self.openDevice = openDevice
        try await start(configuration.models, progress)
        state = .ready
    }

    /// Makes a unit with the models.
    ///
    /// - Parameter leaveOut: called with a model that cannot be loaded and why; what it throws ends all.
    func start(
        _ models: [ModelConfiguration], _ progress: @escaping @Sendable (String, Double) -> Void = { _, _ in },
        leaveOut: (ModelConfiguration, any Error) throws -> Void = { _, error in throw error }
    ) async throws {
        var files: [(model: ModelConfiguration, file: ModelFile)] = []
        for model in models {
            do {
                files.append((model, try open(model)))
            } catch {
                try leaveOut(model, error)
            }
        }
        let device = try await openDevice()
        deviceName = device.description.name
        // More sequences and longer tables than asked for, so that other models can be loaded later.
        let sequences = models.reduce(0) { $0 + $1.maxSequences }
        let unit = try Unit(
            configuration, sequences: max(sequences, Self.spareSequences),
            pagesPerSequence: max(try pagesPerSequence(files), Self.sparePages), device: device
        ) { [weak self] in await self?.recover(from: $0) }
        try await unit.measureIsolation()
        self.unit = unit
        for (model, file) in files {
            do {
                _ = try await unit.load(model, file, cache: weightCache) {
                    progress("\(model.name): \($0.doing)", $0.share)
                }
                logger.info("model loaded", metadata: ["model": "\(model.name)"])
            } catch {
                try leaveOut(model, error)
            }
        }
    }

    private static let spareSequences = 256
    private static let sparePages = 8192

    public func generate(
        _ request: GenerationRequest
    ) async throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        try await working().generate(request)
    }

    /// - Throws: `EngineError.unavailable` saying why no unit works.
    private func working() throws(EngineError) -> Unit {
        if case .recovering(let recovery) = state {
            throw .unavailable("the device failed and is being set up again: \(recovery.status.failure ?? "")")
        }
        guard case .ready = state, let unit else { throw .unavailable("models are loading") }
        return unit
    }

    /// - Throws: `ConfigurationError` naming the model and what is wrong with its file.
    private nonisolated func open(_ model: ModelConfiguration) throws(ConfigurationError) -> ModelFile {
        do {
            return try ModelFile(path: model.path.hasPrefix("/") ? model.path : "\(modelFolder)/\(model.path)")
        } catch {
            throw ConfigurationError("model '\(model.name)': \(error)")
        }
    }

    /// Runs `body` when no other load or unload is under way.
    func alone<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let before = change
        let task = Task {
            await before?.value
            return try await body()
        }
        change = Task { _ = await task.result }
        return try await task.value
    }

    /// The longest block table that any sequence can have.
    private func pagesPerSequence(_ files: [(model: ModelConfiguration, file: ModelFile)]) throws -> Int {
        try files.map { model, file in
            let shape = try LlamaModel.kvShape(file.configuration, type: model.kvType)
            return shape.pages(for: min(model.context ?? .max, file.configuration.contextLength))
        }.max() ?? 0
    }
}

extension Engine: ModelAdministration {
    public func load(_ model: ModelConfiguration) async throws -> ServedModel {
        _ = try working()
        try model.check()
        let served = try await alone { [self] in
            let unit = try await working()
            guard await !unit.served.contains(where: { $0.name == model.name }) else {
                throw ConfigurationError("the name '\(model.name)' is used already")
            }
            return try await unit.load(model, open(model), cache: weightCache) { _ in }
        }
        missing.removeAll { $0.name == model.name }
        logger.info("model loaded", metadata: ["model": "\(model.name)"])
        return served
    }

    public func unload(_ name: String, patience: Duration) async throws {
        if giveUp(name) { return }
        _ = try working()
        try await alone { [self] in try await working().unload(name, patience: patience) }
        logger.info("model unloaded", metadata: ["model": "\(name)"])
    }

    public var status: EngineStatus? {
        get async {
            if case .recovering(let recovery) = state { return recovery.status }
            var status = await unit?.status(device: deviceName)
            status?.rebuilds = rebuilds
            status?.missing = missing
            return status
        }
    }
}
