import Transformer

/// The fields of a request that say how tokens are drawn, checked against their ranges.
struct SamplingFields: Decodable {
    private enum CodingKeys: String, CodingKey {
        case temperature
        case topP = "top_p"
        case topK = "top_k"
        case minP = "min_p"
        case repetitionPenalty = "repetition_penalty"
        case repeatPenalty = "repeat_penalty"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
        case logitBias = "logit_bias"
    }

    var options = SamplingOptions()

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        options.temperature = Float(try fields.number(.temperature, in: 0...2) ?? 1)
        // OpenAI allows 0 and means the likeliest token alone.
        options.topP = max(Float(try fields.number(.topP, in: 0...1) ?? 1), .leastNormalMagnitude)
        // vLLM's -1 and llama.cpp's 0 both keep every token.
        options.topK = try fields.integer(.topK, in: -1...Int(Int32.max)).flatMap { $0 > 0 ? $0 : nil }
        options.minP = Float(try fields.number(.minP, in: 0...1) ?? 0)
        let alias = try fields.number(.repeatPenalty, in: 0.01...100)
        options.repetitionPenalty = Float(try fields.number(.repetitionPenalty, in: 0.01...100) ?? alias ?? 1)
        options.presencePenalty = Float(try fields.number(.presencePenalty, in: -2...2) ?? 0)
        options.frequencyPenalty = Float(try fields.number(.frequencyPenalty, in: -2...2) ?? 0)
        options.logitBias = try fields.field(.logitBias, as: LogitBias.self)?.biases ?? [:]
    }
}
