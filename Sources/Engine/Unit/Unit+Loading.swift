import Compute
import KVCache
import Kernels
import Scheduling
import Transformer

extension Unit {
    /// Loads a model's weights, compiles its kernels for every lane, and runs each once; requests for it are welcome
    /// afterwards.
    func load(
        _ configuration: ModelConfiguration, _ file: ModelFile, cache: WeightCache?,
        progress: @escaping @Sendable (Double) -> Void
    ) async throws -> ServedModel {
        var options = LlamaModel.Options()
        options.contextLength = configuration.context
        options.kvType = configuration.kvType
        options.maxRows = configuration.chunk + configuration.maxSequences
        options.maxLogitRows = configuration.maxSequences
        let (pool, chosen, width) = (pool, options, lanes.lanes[0].kernels.set.limits.vectorWidth)
        let packed = try await loader.run {
            try PackedLlama(file.gguf, vectorWidth: width, cache: cache) { progress(0.9 * $0) }
        }
        let length = try LlamaModel.contextLength(packed.configuration, options: options, pool: pool)
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
        let id = try scheduler.load(ModelSettings(configuration, shape: networks[0].kvShape))
        models[id] = UnitModel(id: id, networks: networks, served: served)
        return served
    }
}
