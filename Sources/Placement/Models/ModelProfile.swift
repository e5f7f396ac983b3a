import Foundation

/// What placement must know of a model.
package struct ModelProfile: Hashable, Sendable, Codable {
    /// The part of a model of which each token needs some only.
    package struct Experts: Hashable, Sendable, Codable {
        /// In each layer.
        package var count: Int
        /// Those that a token goes to.
        package var used: Int
        /// Of all experts together; part of the model's.
        package var parameters: Double

        package init(count: Int, used: Int, parameters: Double) {
            precondition(1...count ~= used, "\(used) of \(count) experts")
            self.count = count
            self.used = used
            self.parameters = parameters
        }

        /// The part of the experts that so many tokens go to, if they choose evenly and each for itself.
        package func touched(by tokens: Double) -> Double { 1 - pow(1 - Double(used) / Double(count), tokens) }
    }

    /// The model's name in the cost file.
    package var costName: String
    package var parameters: Double
    package var layers: Int
    package var hiddenSize: Int
    package var heads: Int
    package var kvHeads: Int
    package var headSize: Int
    package var weightBytes: Double
    /// Bytes of one cached key or value element.
    package var kvElementBytes: Double
    package var experts: Experts?

    package init(
        costName: String, parameters: Double, layers: Int, hiddenSize: Int, heads: Int, kvHeads: Int, headSize: Int,
        weightBytes: Double? = nil, kvElementBytes: Double = 2, experts: Experts? = nil
    ) {
        self.costName = costName
        self.parameters = parameters
        self.layers = layers
        self.hiddenSize = hiddenSize
        self.heads = heads
        self.kvHeads = kvHeads
        self.headSize = headSize
        self.weightBytes = weightBytes ?? 2 * parameters
        self.kvElementBytes = kvElementBytes
        self.experts = experts
    }

    /// Those that a token is multiplied with.
    package var activeParameters: Double {
        parameters - (experts.map { $0.parameters * (1 - Double($0.used) / Double($0.count)) } ?? 0)
    }

    /// The first generation of LLaMA in fp16, by the names of MuxServe's cost file.
    package static let llama7B = llama("llama-7b", billions: 7, layers: 32, heads: 32)
    package static let llama13B = llama("llama-13b", billions: 13, layers: 40, heads: 40)
    package static let llama30B = llama("llama-30b", billions: 30, layers: 60, heads: 52)
    package static let llama65B = llama("llama-65b", billions: 65, layers: 80, heads: 64)
    package static let llamas = [llama7B, llama13B, llama30B, llama65B]

    /// The LLaMA whose size ends a checkpoint's path, as in `huggyllama/llama-13b`.
    package static func llama(ofPath path: String) -> ModelProfile? {
        llamas.first { profile in
            path.lowercased().hasSuffix(profile.costName.dropFirst("llama".count))
        }
    }

    /// Bytes of keys and values of one token.
    package var kvBytesPerToken: Double { 2 * Double(layers * kvHeads * headSize) * kvElementBytes }

    /// Bytes that a prefill of 2,048 tokens needs beside weights and cache, on each device.
    package var scratchBytes: Double { 2048 * 64 * Double(hiddenSize) }

    /// The bytes that a job moves and the operations that it computes.
    package struct Work: Hashable, Sendable {
        package var bytes: Double
        package var flops: Double
    }

    /// The work of a job over `newTokens` tokens.
    ///
    /// - Parameters:
    ///   - cachedTokens: Pairs of a new token and an earlier one that it attends to, added up over the job.
    ///   - readsCacheOf: Cached tokens that are read, each once.
    package func work(newTokens: Double, cachedTokens: Double, readsCacheOf cacheTokens: Double) -> Work {
        // Of a mixture the weights of those experts that the batch goes to are read.
        let spared = experts.map { $0.parameters / parameters * (1 - $0.touched(by: newTokens)) } ?? 0
        return Work(
            bytes: weightBytes * (1 - spared) + cacheTokens * kvBytesPerToken,
            flops: 2 * activeParameters * newTokens + 4 * cachedTokens * Double(layers * heads * headSize))
    }

    private static func llama(_ name: String, billions: Double, layers: Int, heads: Int) -> ModelProfile {
        ModelProfile(
            costName: name, parameters: billions * 1e9, layers: layers, hiddenSize: heads * 128, heads: heads,
            kvHeads: heads, headSize: 128)
    }
}

/// A model that is to be placed, and what is asked of it.
package struct ModelDemand: Hashable, Sendable, Codable {
    package var name: String
    /// Where its weights are; what serving is told.
    package var path: String
    package var profile: ModelProfile
    /// Requests per second.
    package var rate: Double
    package var meanPromptTokens: Double
    package var meanOutputTokens: Double

    package init(
        name: String, path: String? = nil, profile: ModelProfile, rate: Double, meanPromptTokens: Double = 161,
        meanOutputTokens: Double = 337
    ) {
        self.name = name
        self.path = path ?? name
        self.profile = profile
        self.rate = rate
        self.meanPromptTokens = meanPromptTokens
        self.meanOutputTokens = meanOutputTokens
    }

    /// Compute asked per second, in parameters: popularity times scale.
    var load: Double { rate * profile.activeParameters * (meanPromptTokens + meanOutputTokens) }
}
