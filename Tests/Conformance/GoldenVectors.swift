import Foundation

/// Reference logits and tokens of the real model, recorded with llama.cpp (its `about` says how).
struct GoldenVectors: Decodable {
    struct Prompt: Decodable, Sendable {
        var name: String
        var prompt: String
        var promptIds: [Int32]
        var f32: Variant
        /// Generated tokens before another one is chosen.
        var agreePrefix: AgreePrefix
        /// As llama.cpp computes on a CPU: activations as bytes in blocks of 32, a cache of halves.
        var q41Cpu: Variant
        /// Distance of the best logit from the second, step by step.
        var f32Top1Margin: [Float]
    }

    struct Variant: Decodable, Sendable {
        var genIds: [Int32]
        var promptTop10: Top
        /// The best four before each generated token.
        var stepTop4: [Top]
    }

    struct AgreePrefix: Decodable, Sendable {
        var f32VsQ41Cpu: Int

        enum CodingKeys: String, CodingKey { case f32VsQ41Cpu = "f32VsQ41Cpu" }
    }

    struct Top: Decodable, Sendable {
        var top: [Entry]
    }

    /// `[token, logit]`
    struct Entry: Decodable, Sendable {
        var token: Int32
        var logit: Float

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            token = try list.decode(Int32.self)
            logit = try list.decode(Float.self)
        }
    }

    var prompts: [Prompt]

    static func load() throws -> GoldenVectors {
        let url = ServedTests.folder.deletingLastPathComponent()
            .appending(path: "TokenizationTests/Resources/smollm2-135m-instruct.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(GoldenVectors.self, from: Data(contentsOf: url))
    }
}
