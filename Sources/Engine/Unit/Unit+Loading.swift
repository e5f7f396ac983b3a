import Compute
import KVCache
import Kernels
import Scheduling
import Transformer

extension Unit {
    /// Loads a model's weights and compiles its kernels for every lane; requests for it are welcome afterwards.
    func load(
        _ configuration: ModelConfiguration, _ file: ModelFile, cache: WeightCache?,
        progress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> ServedModel {
        var options = LlamaModel.Options()
        options.contextLength = configuration.context
        options.kvType = configuration.kvType
        options.maxRows = configuration.chunk + configuration.maxSequences
        options.maxLogitRows = configuration.maxSequences
        let (pool, chosen, sets) = (pool, options, lanes.lanes.map(\.kernels))
        let bytes = try PackedLlama.byteCount(of: file.gguf, vectorWidth: sets[0].limits.vectorWidth)
        try await makeRoom(for: configuration, bytes: bytes)
        let loaded = try await loader.run {
            try LlamaModel.load(
                file.gguf, options: chosen, pool: pool, lanes: sets, cache: cache, progress: progress)
        }
        let networks = loaded.networks
        // What is not needed for a first token is compiled behind; what fails costs speed, nothing else.
        Task { [compiler] in
            try? await compiler.run { for network in networks { try network.compileLater() } }
        }
        let served = ServedModel(
            name: configuration.name, created: file.created, contextLength: networks[0].contextLength,
            tokenizer: file.tokenizer, chatTemplate: file.chatTemplate)
        let id = try scheduler.load(ModelSettings(configuration, shape: networks[0].kvShape))
        models[id] = UnitModel(
            id: id, configuration: configuration, networks: networks, served: served, weightBytes: loaded.byteCount,
            lastUse: now)
        counters[id] = ModelCounters()
        return served
    }

    /// Unloads a model: it takes no more requests, those it has may end until `patience` is over, the rest break off.
    ///
    /// Returns when nothing of it is left, or the unit has failed and will be built without it.
    func unload(_ name: String, patience: Duration) async throws(EngineError) {
        guard let model = models.values.first(where: { $0.served.name == name }) else { throw .modelNotFound(name) }
        if leaving[model.id] == nil {
            leaving[model.id] = []
            let deadline = ContinuousClock.now.advanced(by: patience)
            while generations.values.contains(where: { $0.model == model.id }), ContinuousClock.now < deadline {
                try? await Task.sleep(for: .milliseconds(20))
            }
            countPages()
            // The model may be gone at once, when it has no job at work.
            perform(scheduler.unload(model.id, at: now))
        }
        guard models[model.id] != nil, failure == nil else { return }
        await withCheckedContinuation { leaving[model.id]?.append($0) }
    }

    /// The models to have after the unit was built anew, in the order in which they came.
    var configurations: [ModelConfiguration] {
        models.values.filter { leaving[$0.id] == nil }.sorted { $0.id.index < $1.id.index }.map(\.configuration)
    }

    /// The scheduler has nothing of the model any more: its memory goes.
    func forget(_ model: ModelID) {
        models[model] = nil
        counters[model] = nil
        for waiting in leaving.removeValue(forKey: model) ?? [] { waiting.resume() }
    }

    /// Unloads idle models that are not pinned, the least recently used first, until the weights of one more fit.
    private func makeRoom(for configuration: ModelConfiguration, bytes: Int) async throws {
        let slots = models.values.reduce(0) { $0 + $1.llama.maxLogitRows } + configuration.maxSequences
        guard slots <= pool.sequences else {
            throw ConfigurationError(
                "model '\(configuration.name)': max_sequences: \(slots) with the other models, of \(pool.sequences)")
        }
        while models.values.reduce(bytes, { $0 + $1.weightBytes }) > weightBudget {
            let idle = models.values.filter { model in
                !model.isPinned && leaving[model.id] == nil && !generations.values.contains { $0.model == model.id }
            }
            guard let oldest = idle.min(by: { $0.lastUse < $1.lastUse }) else {
                let used = models.values.reduce(0) { $0 + $1.weightBytes }
                throw ComputeError.outOfMemory(
                    device: lanes.lanes[0].device.description.name, asked: bytes, available: max(0, weightBudget - used)
                )
            }
            try await unload(oldest.served.name, patience: .zero)
        }
    }
}
