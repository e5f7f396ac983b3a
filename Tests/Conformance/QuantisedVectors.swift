import Foundation

/// Types that users have the real model in; each is a mixture of types of tensors.
enum Mixture: String, CaseIterable, Sendable {
    case q4KM = "Q4_K_M"
    case q5KM = "Q5_K_M"
    case q6K = "Q6_K"
    case q3KM = "Q3_K_M"
    case iq4XS = "IQ4_XS"

    /// The file of the model that `tools/quantise.py` makes.
    var model: String { "SmolLM2-135M-Instruct-\(rawValue)" }
}

/// What llama.cpp makes of the real model in each of these types; `tools/golden/quantised_vectors.py` recorded it.
struct QuantisedVectors: Decodable {
    struct File: Decodable {
        var prompts: [Prompt]
    }

    struct Prompt: Decodable {
        /// Of the prompt in `GoldenVectors`.
        var name: String
        /// What follows it greedily.
        var tokens: [Int32]
        /// The best before each of these tokens, from the best on.
        var tops: [[Entry]]
    }

    /// `[token, logit, logit]`
    struct Entry: Decodable {
        var token: Int32
        /// With the same weights and all else in floats.
        var exact: Float
        /// As llama.cpp computes on a CPU: what weights are multiplied with is rounded to bytes.
        var cpu: Float

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            token = try list.decode(Int32.self)
            exact = try list.decode(Float.self)
            cpu = try list.decode(Float.self)
        }
    }

    var files: [String: File]

    static func load() throws -> QuantisedVectors {
        let url = ServedTests.folder.appending(path: "Resources/quantised.json")
        return try JSONDecoder().decode(QuantisedVectors.self, from: Data(contentsOf: url))
    }
}
