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
    private var served: [ServedModel] = []
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

    /// None until all are loaded.
    public var models: [ServedModel] { served }

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
        let unit = try Unit(
            configuration, sequences: configuration.models.reduce(0) { $0 + $1.maxSequences },
            pagesPerSequence: try pagesPerSequence(files), device: device)
        self.unit = unit
        var loaded: [ServedModel] = []
        for (model, file) in zip(configuration.models, files) {
            loaded.append(try await unit.load(model, file, cache: weightCache) { progress(model.name, $0) })
            logger.info("model loaded", metadata: ["model": "\(model.name)"])
        }
        served = loaded
        isLoaded = true
    }

    public func generate(
        _ request: GenerationRequest
    ) async throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        guard isLoaded, let unit else { throw .unavailable("models are loading") }
        return try await unit.generate(request)
    }

    /// - Throws: `ConfigurationError` naming the model and what is wrong with its file.
    private func open(_ model: ModelConfiguration) throws(ConfigurationError) -> ModelFile {
        do {
            return try ModelFile(path: model.path.hasPrefix("/") ? model.path : "\(modelFolder)/\(model.path)")
        } catch {
            throw ConfigurationError("model '\(model.name)': \(error)")
        }
    }

    /// The longest block table that any sequence can have.
    private func pagesPerSequence(_ files: [ModelFile]) throws -> Int {
        try zip(configuration.models, files).map { model, file in
            let shape = try LlamaModel.kvShape(file.configuration, type: model.kvType)
            return shape.pages(for: min(model.context ?? .max, file.configuration.contextLength))
        }.max() ?? 0
    }
}
