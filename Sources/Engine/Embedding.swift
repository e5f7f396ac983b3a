package import Quantities
package import Scheduling

/// A text that a client wants read by a model that embeds or ranks.
package struct EmbeddingRequest: Sendable {
    /// The name under which the model is served.
    package var model: String
    /// The text's tokens, with those that the model wants around it; must not be empty. For a model that ranks, those
    /// of two texts.
    package var prompt: [TokenID]
    package var sender = Sender()

    package init(model: String, prompt: [TokenID]) {
        self.model = model
        self.prompt = prompt
    }
}

/// What a model makes of a text.
package struct Embedding: Sendable, Hashable {
    /// Of length one, or the one score of a model that ranks.
    package var vector: [Float]
    package var promptTokens: Int
    /// Tokens of the text whose KV pages were found in the prefix index.
    package var cachedTokens: Int
    package var times = PhaseTimes()

    package init(vector: [Float], promptTokens: Int, cachedTokens: Int = 0) {
        self.vector = vector
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
    }
}

/// What a model is for.
package enum ModelPurpose: Sendable, Hashable {
    /// It goes on with a text.
    case generation
    /// It makes a vector of a text, of so many numbers.
    case embedding(dimensions: Int)
    /// It says how well one text answers another.
    case ranking
}

extension ModelPurpose: CustomStringConvertible {
    package var description: String {
        switch self {
        case .generation: "generates text"
        case .embedding: "makes embeddings"
        case .ranking: "ranks documents"
        }
    }
}
