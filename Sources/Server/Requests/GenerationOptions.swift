import Engine
import Grammar
import Tokenization
import Transformer

/// The fields that chat and completion requests share.
///
/// Absent fields mean what they mean at OpenAI; unknown fields are ignored.
struct GenerationOptions: Decodable {
    /// Chosen: each choice is a sequence with pages of its own; more are for clients to ask one by one.
    private static let choiceLimit = 8

    private enum CodingKeys: String, CodingKey {
        case model, stream, n, seed, stop
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case minTokens = "min_tokens"
        case ignoreEOS = "ignore_eos"
        case streamOptions = "stream_options"
    }

    private struct StreamOptions: Decodable {
        private enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }

        var includesUsage: Bool

        init(from decoder: any Decoder) throws {
            includesUsage = try decoder.container(keyedBy: CodingKeys.self).field(.includeUsage) ?? false
        }
    }

    var model: String?
    var isStream = false
    var includesUsage = false
    /// How many continuations of each prompt.
    var choices = 1
    var seed: Int64?
    var stop: [String] = []
    var maxTokens: Int?
    var minTokens = 0
    var ignoresEndOfText = false
    var sampling = SamplingOptions()
    /// What the text must be.
    var grammar: Grammar?
    var grammarSource: GrammarSource?
    /// Where grammars are that were compiled before.
    var grammars = GrammarCache()

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        model = try fields.field(.model)
        isStream = try fields.field(.stream) ?? false
        includesUsage = try fields.field(.streamOptions, as: StreamOptions.self)?.includesUsage ?? false
        choices = try fields.integer(.n, in: 1...Self.choiceLimit) ?? 1
        seed = try fields.field(.seed)
        stop = try fields.field(.stop, as: StopStrings.self)?.strings ?? []
        let tokens = 1...Int(Int32.max)
        let olderMaximum = try fields.integer(.maxTokens, in: tokens)
        maxTokens = try fields.integer(.maxCompletionTokens, in: tokens) ?? olderMaximum
        minTokens = try fields.integer(.minTokens, in: 0...tokens.upperBound) ?? 0
        ignoresEndOfText = try fields.field(.ignoreEOS) ?? false
        sampling = try SamplingFields(from: decoder).options
        let grammar = try GrammarFields(from: decoder)
        (self.grammar, grammarSource) = (grammar.grammar, grammar.source)
        grammars = decoder.userInfo[.grammars] as? GrammarCache ?? GrammarCache()
        if let maxTokens, minTokens > maxTokens {
            throw fields.wrong(.minTokens, "must not exceed the most tokens to generate, \(maxTokens)")
        }
    }

    /// The requests for all choices of one prompt; with a seed, each choice has one of its own that follows from it.
    func requests(model: String, prompt: [Int32], topLogprobs: Int?) -> [GenerationRequest] {
        (0..<choices).map { choice in
            var request = GenerationRequest(model: model, prompt: prompt)
            request.maxTokens = maxTokens
            request.minTokens = minTokens
            request.ignoresEndOfText = ignoresEndOfText
            request.stop = stop
            request.sampling = sampling
            request.sampling.seed = seed.map { UInt64(bitPattern: $0) &+ UInt64(choice) }
            request.topLogprobs = topLogprobs
            request.grammar = grammar
            return request
        }
    }

    /// Checks what cannot be known before the model is.
    func check(against model: ServedModel) throws(APIError) {
        guard model.purpose == .generation else { throw .unsuitable(model.name, model.purpose) }
        let size = model.tokenizer.vocabularySize
        if let token = sampling.logitBias.keys.first(where: { $0 >= size }) {
            throw .invalid(
                "logit_bias", "Token \(token) is outside of the vocabulary of \(size) tokens.",
                code: "token_out_of_vocabulary")
        }
    }
}

/// The fields of a request that say how tokens are drawn, checked against their ranges.
private struct SamplingFields: Decodable {
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

/// `logit_bias`: token ids, written as strings, to what is added to their logits.
private struct LogitBias: Decodable {
    /// Chosen: all are added to the logits at every token; enough to ban the words of a list.
    private static let entryLimit = 1024

    var biases: [Int32: Float] = [:]

    init(from decoder: any Decoder) throws {
        let entries = try decoder.singleValueContainer().decode([String: Double].self)
        guard entries.count <= Self.entryLimit else {
            throw APIError.wrong(decoder.codingPath, "must not have more than \(Self.entryLimit) entries")
        }
        for (key, bias) in entries {
            guard let token = Int32(key), token >= 0 else {
                throw APIError.wrong(decoder.codingPath, "has the key `\(key.abridged)`, which is no token id")
            }
            guard (-100...100).contains(bias) else {
                throw APIError.wrong(decoder.codingPath, "must have values between -100 and 100")
            }
            biases[token] = Float(bias)
        }
    }
}

/// `stop`: one string or several.
private struct StopStrings: Decodable {
    /// Chosen: four times as many as OpenAI takes, as each is looked for at every token.
    private static let countLimit = 16
    /// Chosen: a long paragraph; text that may be the beginning of one is held back from the client.
    private static let byteLimit = 1024

    var strings: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let string = try container.ifType(String.self) {
            strings = [string]
        } else if let several = try container.ifType([String].self) {
            strings = several
        } else {
            throw APIError.wrong(decoder.codingPath, "must be a string or an array of strings")
        }
        guard strings.count <= Self.countLimit else {
            throw APIError.wrong(decoder.codingPath, "must not have more than \(Self.countLimit) strings")
        }
        guard strings.allSatisfy({ (1...Self.byteLimit).contains($0.utf8.count) }) else {
            throw APIError.wrong(decoder.codingPath, "must have strings of 1 to \(Self.byteLimit) bytes")
        }
    }
}
