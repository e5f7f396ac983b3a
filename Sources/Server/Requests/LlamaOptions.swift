import Transformer

/// Options of generation in the words that Ollama and llama.cpp have in common, with the defaults that they share.
///
/// Fields that say how a machine is used (`num_ctx`, `num_gpu`, `cache_prompt`) are ignored: the server's
/// configuration says that.
struct LlamaOptions: Decodable {
    private enum CodingKeys: String, CodingKey {
        case temperature
        case topP = "top_p"
        case topK = "top_k"
        case minP = "min_p"
        case numPredict = "num_predict"
        case nPredict = "n_predict"
    }

    /// Both programs': `temperature` and `top_k` where a request says nothing.
    private static let (temperature, topK) = (Float(0.8), 40)

    private(set) var generation: GenerationOptions
    /// Ollama's and llama.cpp's name for the same; 0 and less are for the route to understand.
    private(set) var tokens: Int?
    private var saysTopP = false
    private var saysMinP = false

    init() {
        generation = GenerationOptions()
        generation.sampling.temperature = Self.temperature
        generation.sampling.topK = Self.topK
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        generation = try GenerationOptions(from: decoder)
        generation.choices = 1
        func says(_ key: CodingKeys) throws -> Bool { try fields.field(key, as: Double.self) != nil }
        if try !says(.temperature) { generation.sampling.temperature = Self.temperature }
        if try !says(.topK) { generation.sampling.topK = Self.topK }
        (saysTopP, saysMinP) = (try says(.topP), try says(.minP))
        // Ollama's -1 goes on for ever, its -2 until the context is full.
        let limits = -2...Int(Int32.max)
        tokens = try fields.integer(.numPredict, in: limits) ?? fields.integer(.nPredict, in: limits)
        generation.maxTokens = tokens.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The options, with a program's own defaults of what the request does not say.
    func options(topP: Float, minP: Float) -> GenerationOptions {
        var options = generation
        if !saysTopP { options.sampling.topP = topP }
        if !saysMinP { options.sampling.minP = minP }
        return options
    }
}
