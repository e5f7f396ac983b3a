public import Compute
import KVCache
public import Logging
public import Transformer

/// All units of a process: models by name, ready to generate.
public actor Engine: TextGenerator {
    private let configuration: ServeConfiguration
    private let modelFolder: String
    private let weightCache: WeightCache?
    private let logger: Logger
    private var unit: Unit?
    private var deviceName = ""
    /// The load or unload under way: one at a time.
    private var change: Task<Void, Never>?
    private var isLoaded = false

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
        get async { isLoaded ? await unit?.served ?? [] : [] }
    }

    public var isReady: Bool {
        get async {
            guard isLoaded, let unit else { return false }
            return await unit.isHealthy
        }
    }

    /// Pages that sequences hold, and pages there are.
    public var pageUse: (held: Int, total: Int) {
        get async { await unit?.pageUse ?? (0, 0) }
    }

    /// Reserves the pool, then loads the models one after the other.
    ///
    /// - Parameter progress: called with a model's name and the share of it that is loaded.
    /// - Throws: what the first model that cannot be loaded throws.
    public func load(
        on device: any Device, progress: @escaping @Sendable (String, Double) -> Void = { _, _ in }
    ) async throws {
        try configuration.check()
        let files = try configuration.models.map { try open($0) }
        deviceName = device.description.name
        // More sequences and longer tables than asked for, so that other models can be loaded later.
        let sequences = configuration.models.reduce(0) { $0 + $1.maxSequences }
        let unit = try Unit(
            configuration, sequences: max(sequences, Self.spareSequences),
            pagesPerSequence: max(try pagesPerSequence(files), Self.sparePages), device: device)
        self.unit = unit
        for (model, file) in zip(configuration.models, files) {
            _ = try await unit.load(model, file, cache: weightCache) { progress(model.name, $0) }
            logger.info("model loaded", metadata: ["model": "\(model.name)"])
        }
        isLoaded = true
    }

    private static let spareSequences = 256
    private static let sparePages = 8192

    public func generate(
        _ request: GenerationRequest
    ) async throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        guard isLoaded, let unit else { throw .unavailable("models are loading") }
        return try await unit.generate(request)
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
    private func alone<Result: Sendable>(
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
    private func pagesPerSequence(_ files: [ModelFile]) throws -> Int {
        try zip(configuration.models, files).map { model, file in
            let shape = try LlamaModel.kvShape(file.configuration, type: model.kvType)
            return shape.pages(for: min(model.context ?? .max, file.configuration.contextLength))
        }.max() ?? 0
    }
}

extension Engine: ModelAdministration {
    public func load(_ model: ModelConfiguration) async throws -> ServedModel {
        guard isLoaded, let unit else { throw EngineError.unavailable("models are loading") }
        try model.check()
        let served = try await alone { [self] in
            guard await !unit.served.contains(where: { $0.name == model.name }) else {
                throw ConfigurationError("the name '\(model.name)' is used already")
            }
            return try await unit.load(model, open(model), cache: weightCache) { _ in }
        }
        logger.info("model loaded", metadata: ["model": "\(model.name)"])
        return served
    }

    public func unload(_ name: String, patience: Duration) async throws {
        guard isLoaded, let unit else { throw EngineError.unavailable("models are loading") }
        try await alone { try await unit.unload(name, patience: patience) }
        logger.info("model unloaded", metadata: ["model": "\(name)"])
    }

    public var status: EngineStatus? {
        get async { await unit?.status(device: deviceName) }
    }
}
