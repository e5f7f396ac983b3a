import Compute
package import KVCache
import Kernels
import Quantities
package import Scheduling
package import Transformer

/// A model at work in a unit.
struct UnitModel: Sendable {
    let id: ModelID
    let configuration: ModelConfiguration
    /// The network on each of the unit's lanes.
    let networks: [LlamaModel]
    let served: ServedModel
    let weightBytes: Int
    var counters = ModelCounters()

    var isPinned: Bool { configuration.pinned }
    /// What is the same on all lanes.
    var network: LlamaModel { networks[0] }
}

extension ModelSettings {
    /// How the engine schedules a model.
    package init(_ configuration: ModelConfiguration, shape: KVShape, weightBytes: Int = 0) {
        self.init(
            shape: shape, weight: configuration.rate, shares: configuration.phaseShares,
            maxSequences: configuration.maxSequences, maxBatchedTokens: configuration.chunk,
            targets: LatencyTargets(timeToFirstToken: configuration.ttft, timePerOutputToken: configuration.tpot),
            weightBytes: weightBytes, isPinned: configuration.pinned)
    }
}

extension Unit {
    /// Loads a model's weights, compiles its kernels for every lane, and runs each once; requests for it are welcome
    /// afterwards.
    ///
    /// Whether the unit can hold it is known before another model goes.
    ///
    /// - Throws: `ConfigurationError` naming the model, or `ComputeError.outOfMemory`, where the unit cannot hold it;
    ///   `ModelError`, `ComputeError`.
    package func load(
        _ configuration: ModelConfiguration, _ file: ModelFile, cache: WeightCache?,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> ServedModel {
        var options = LlamaModel.Options()
        options.contextLength = configuration.context
        options.kvType = configuration.kvType
        options.maxRows = configuration.chunk + configuration.maxSequences
        options.maxLogitRows = configuration.maxSequences
        let (pool, chosen, lanes) = (pool, options, lanes)
        let shape = try LlamaModel.kvShape(file.configuration, type: configuration.kvType)
        func check<T>(_ body: () throws(ResidencyError) -> T) throws -> T {
            do { return try body() } catch {
                if case .weightsTooLarge(let bytes, let available) = error {
                    throw ComputeError.outOfMemory(
                        device: lanes[.whole].device.description.name, asked: bytes, available: available)
                }
                throw ConfigurationError("model '\(configuration.name)': \(error)")
            }
        }
        // Before anything is read: with weights of no size, what is wrong with the rest.
        _ = try check { () throws(ResidencyError) in
            try scheduler.victims(for: ModelSettings(configuration, shape: shape))
        }
        let width = lanes[.whole].kernels.set.limits.vectorWidth
        let packed = try await loader.run {
            try PackedLlama(file.gguf, vectorWidth: width, cache: cache) { progress(0.9 * $0) }
        }
        let length = try LlamaModel.contextLength(packed.configuration, options: options, pool: pool)
        let settings = ModelSettings(configuration, shape: shape, weightBytes: packed.byteCount)
        try check { () throws(ResidencyError) in try makeRoom(for: settings) }
        var weights: [ObjectIdentifier: LlamaWeights] = [:]
        var networks: [LlamaModel] = []
        for lane in lanes.lanes {
            let (known, kernels, stream) = (weights[lane.device.memoryDomain], lane.kernels, lane.lane)
            let (own, network) = try await lane.thread.run {
                let own = try known ?? LlamaWeights(packed, contextLength: length, on: kernels.set.device)
                let network = try LlamaModel(own, options: chosen, pool: pool, kernels: kernels.set)
                try network.warmUp(on: stream)
                return (own, network)
            }
            weights[lane.device.memoryDomain] = own
            networks.append(network)
            progress(0.9 + 0.1 * Double(networks.count) / Double(lanes.lanes.count))
        }
        let served = ServedModel(
            name: configuration.name, created: file.created, contextLength: length, tokenizer: file.tokenizer,
            chatTemplate: file.chatTemplate)
        let ready = networks
        try add(
            {
                UnitModel(
                    id: $0, configuration: configuration, networks: ready, served: served,
                    weightBytes: packed.byteCount)
            }, settings)
        return served
    }
}
