import Compute
import Grammar
import Kernels
package import Quantities
package import Scheduling
import Synchronization
import Tokenization
package import Transformer

/// A model at work in a unit.
struct UnitModel: Sendable {
    let id: ModelID
    /// As it is scheduled now.
    var configuration: ModelConfiguration
    /// As it was loaded: its memory is for chunks and sequences of that size.
    let loaded: ModelConfiguration
    /// The network on each of the unit's lanes.
    let networks: [Model]
    let served: ServedModel
    let weightBytes: Int
    let vocabulary: VocabularyTrie
    var counters = ModelCounters()

    var isPinned: Bool { configuration.pinned }

    /// Counts times, in their place.
    mutating func count(_ body: (inout RequestTimes) -> Void) { body(&counters.times) }

    /// What is the same on all lanes.
    var network: Network { networks[0].network }
}

/// A model's vocabulary as grammars ask for it, made when the first one does.
final class VocabularyTrie: Sendable {
    private let tokenizer: any Tokenizer
    private let made = Mutex<TokenTrie?>(nil)

    init(_ tokenizer: any Tokenizer) { self.tokenizer = tokenizer }

    var trie: TokenTrie {
        made.withLock { made in
            if let made { return made }
            let tokens = (0..<tokenizer.vocabularySize).map {
                tokenizer.bytes(of: TokenID($0), rendersSpecial: false)
            }
            let trie = TokenTrie(tokens, endTokens: tokenizer.endOfTextTokens)
            made = trie
            return trie
        }
    }
}

extension ModelSettings {
    /// How the engine schedules a model.
    ///
    /// - Parameter pooling: of a model that reads texts: all that asks for other rows than the last must compute them.
    package init(
        _ configuration: ModelConfiguration, shape: KVShape, pooling: Pooling? = nil, weightBytes: Int = 0
    ) {
        self.init(
            shape: shape, weight: configuration.rate, shares: configuration.phaseShares,
            maxSequences: configuration.maxSequences, maxBatchedTokens: configuration.chunk,
            // Without pages nothing is kept from one chunk to the next.
            chunksPrompts: shape.hasPages, sharesPrefixes: pooling == nil || pooling?.rows == .last,
            targets: LatencyTargets(timeToFirstToken: configuration.ttft, timePerOutputToken: configuration.tpot),
            weightBytes: weightBytes, isPinned: configuration.pinned)
    }
}

extension ModelSettings {
    /// The same model with what can be changed while it serves.
    func adjusted(to configuration: ModelConfiguration) -> ModelSettings {
        var settings = self
        settings.weight = configuration.rate
        settings.shares = configuration.phaseShares
        settings.maxSequences = configuration.maxSequences
        settings.maxBatchedTokens = configuration.chunk
        settings.targets = LatencyTargets(
            timeToFirstToken: configuration.ttft, timePerOutputToken: configuration.tpot)
        settings.isPinned = configuration.pinned
        return settings
    }
}

extension Model.Options {
    /// What the engine asks of a model that it loads.
    init(_ configuration: ModelConfiguration, _ network: Network) {
        self.init()
        contextLength = configuration.context
        kvType = configuration.kvType
        chunk = configuration.chunk
        maxTexts = configuration.maxSequences
        if network.readsAhead {
            // A text goes whole into a pass: room for one of the length that is asked for.
            maxRows = max(configuration.chunk, min(configuration.context ?? 0, network.contextLength))
        } else {
            maxRows = configuration.chunk + configuration.maxSequences
        }
        maxLogitRows = network.pooling?.rows == .mean ? maxRows : configuration.maxSequences
    }
}

extension Unit {
    /// Loads a model's weights and compiles its kernels for every lane; requests for it are welcome afterwards.
    ///
    /// Whether the unit can hold it is known before another model goes, and its file is found whole. Call
    /// `compileBehind` afterwards.
    ///
    /// - Throws: `ConfigurationError` naming the model, or `ComputeError.outOfMemory`, where the unit cannot hold it;
    ///   `ModelError`, `GGUFError`, `ComputeError`.
    package func load(
        _ configuration: ModelConfiguration, _ file: ModelFile, cache: WeightCache?,
        progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
    ) async throws -> ServedModel {
        let options = Model.Options(configuration, file.network)
        let (pools, chosen, sets, shards) = (pools, options, lanes.lanes.map(\.kernels), shards)
        let settings = try settings(of: configuration, file)
        let packed = try await packed(file, for: settings, of: configuration.name, cache: cache, progress: progress)
        try refusing(configuration.name) { () throws(ResidencyError) in try makeRoom(for: settings) }
        let loaded = try await loading(configuration.name) { step in
            try Model.load(
                file.gguf, packed: packed, options: chosen, pools: pools, lanes: sets, shards: shards, cache: cache
            ) {
                step()
                progress($0)
            }
        }
        let networks = loaded.networks
        let served = ServedModel(
            name: configuration.name, created: file.created, contextLength: networks[0].contextLength,
            tokenizer: file.tokenizer, chatTemplate: file.chatTemplate, purpose: file.purpose,
            rankTemplate: file.rankTemplate, details: file.details)
        try add(
            {
                UnitModel(
                    id: $0, configuration: configuration, loaded: configuration, networks: networks, served: served,
                    weightBytes: loaded.byteCount, vocabulary: VocabularyTrie(served.tokenizer))
            }, settings)
        return served
    }

    /// How a model would be scheduled.
    private func settings(of configuration: ModelConfiguration, _ file: ModelFile) throws -> ModelSettings {
        let ranks = pools.count, network = try file.network.cut(into: shards, ranks: ranks)
        return ModelSettings(
            configuration, shape: try Model.kvShape(network, type: configuration.kvType), pooling: network.pooling,
            weightBytes: try PackedWeights.byteCount(
                of: file.gguf, vectorWidth: lanes.lanes[0].device.limits.vectorWidth, shards: shards, ranks: ranks))
    }

    /// Makes sure that the unit can hold what it would have after a change.
    ///
    /// - Parameters:
    ///   - leaving: the names of models that go.
    ///   - coming: models that are loaded.
    ///   - adjusted: models that stay, scheduled otherwise.
    /// - Throws: as `load`.
    func check(
        leaving: Set<String>, coming: [(model: ModelConfiguration, file: ModelFile)], adjusted: [ModelConfiguration]
    ) throws {
        var all: [ModelSettings] = []
        for model in models.values where !leaving.contains(model.served.name) && !isDraining(model.id) {
            guard let settings = scheduler.state.existing(model.id)?.settings else { continue }
            let other = adjusted.first { $0.name == model.served.name }
            all.append(other.map { settings.adjusted(to: $0) } ?? settings)
        }
        for (model, file) in coming { all.append(try settings(of: model, file)) }
        try refusing(coming.map(\.model.name).joined(separator: ", ")) { () throws(ResidencyError) in
            if let obstacle = scheduler.obstacle(to: all) { throw obstacle }
        }
    }

    /// The weights of a model for which others have to go, packed while these still serve: a file that turns out broken
    /// costs no model.
    ///
    /// - Returns: `nil` where nothing has to go, or the host cannot hold these weights beside the others.
    private func packed(
        _ file: ModelFile, for settings: ModelSettings, of name: String, cache: WeightCache?,
        progress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> PackedWeights? {
        let victims = try refusing(name) { () throws(ResidencyError) in try scheduler.victims(for: settings) }
        guard !victims.isEmpty else { return nil }
        let width = lanes.lanes[0].device.limits.vectorWidth
        return try await loader.run { [shards] in
            do {
                return try PackedWeights(file.gguf, vectorWidth: width, shards: shards, cache: cache) {
                    progress(LoadProgress(packed: $0))
                }
            } catch ComputeError.outOfMemory { return nil }
        }
    }

    /// Says for people why the unit cannot hold a model.
    private func refusing<Result>(_ name: String, _ body: () throws(ResidencyError) -> Result) throws -> Result {
        do throws(ResidencyError) { return try body() } catch {
            if case .weightsTooLarge(let bytes, let available) = error {
                throw ComputeError.outOfMemory(
                    device: lanes.lanes[0].device.description.name, asked: bytes, available: available)
            }
            throw ConfigurationError("model '\(name)': \(error)")
        }
    }

    /// Compiles what models can do without for a first token, then keeps what was compiled for later starts, behind
    /// what the unit does. What fails costs speed, nothing else.
    func compileBehind() {
        let (networks, sets) = (models.values.flatMap(\.networks), lanes.lanes.flatMap(\.kernels))
        Task { [weak self, compiler] in
            // For a unit that failed or is gone nothing is compiled: the one in its place needs the compiler.
            for network in networks where await self?.isHealthy == true {
                try? await compiler.run { try network.compileLater() }
            }
            for kernels in sets where await self?.isHealthy == true {
                try? await compiler.run { kernels.keep() }
            }
        }
    }
}
