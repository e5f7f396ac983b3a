import Engine
import Transformer

/// The fields that chat and completion requests share.
///
/// Absent fields mean what they mean at OpenAI; unknown fields are ignored.
struct GenerationOptions: Decodable {
    static let choiceLimit = 8

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
    var isStream: Bool
    var includesUsage: Bool
    /// How many continuations of each prompt.
    var choices: Int
    var seed: Int64?
    var stop: [String]
    var maxTokens: Int?
    var minTokens: Int
    var ignoresEndOfText: Bool
    var sampling: SamplingOptions

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
            return request
        }
    }
}
