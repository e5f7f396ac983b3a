package import Kernels

/// What a network computes: sizes and choices, without a weight.
///
/// A family's file (`Families`) makes it of a model file's metadata. The forward pass binds operations from it, the
/// weights are found and packed by it, and whoever asks for sizes asks it: nothing else names a family.
///
/// ```swift
/// let network = try Network(GGUFFile(path: "qwen3-0.6b.gguf"))
/// network.blocks.count               // 28
/// network.blocks[0].attention?.norms  // .eachHead
/// network.parameterCount             // 596049920
/// ```
package struct Network: Sendable, Hashable {
    /// What the file calls the model.
    package var name: String
    /// `general.architecture`: the family.
    package var architecture: String
    package var vocabularySize: Int
    package var embeddingLength: Int
    /// The most tokens that the network was trained for.
    package var contextLength: Int
    /// What embeddings are multiplied with.
    package var embeddingScale: Float = 1
    /// What is added to them; `nil` for nothing.
    package var added: AddedRows?
    /// Whether they are then normalised.
    package var hasEmbeddingNorm = false
    /// How all rows are normalised.
    package var norm: Norm
    package var blocks: [Block]
    package var output = Output()
    /// What becomes of a text that the network reads; `nil` where it goes on with it.
    package var pooling: Pooling?
    /// Into what it is cut, and which of it a device computes.
    package var shards = Shards()

    /// Rows that are added to embeddings.
    package struct AddedRows: Sendable, Hashable {
        /// To each token that of its position.
        package var hasPositions: Bool
        /// To all tokens that of their type, the first there is.
        package var hasType: Bool
    }

    package struct Norm: Sendable, Hashable {
        package var kind: Normalisation.Kind
        package var epsilon: Float
    }

    /// How the last rows become logits.
    package struct Output: Sendable, Hashable {
        /// Whether the embedding serves as output matrix too.
        package var isTied = false
        /// What logits are multiplied with.
        package var scale: Float = 1
        /// `c` where a logit `s` becomes `c * tanh(s / c)`.
        package var cap: Float?
    }

    /// Those of the first block that has some.
    package var heads: AttentionLayer? { blocks.lazy.compactMap(\.attention).first }

    /// Whether rows attend to tokens behind their own, so that a text must go whole into one pass.
    package var readsAhead: Bool { blocks.contains { $0.attention?.mask.readsAhead == true } }

    /// Whether the norm behind the last sum is the one in front of what becomes of the rows.
    var endsWithSum: Bool { blocks.last?.normalisesSums == true }

    /// Weights of all experts; part of `parameterCount`.
    package var expertParameterCount: Int {
        blocks.reduce(0) {
            $0 + ($1.feedForward.mixture.map { 3 * embeddingLength * $0.width * $0.experts } ?? 0)
        }
    }

    /// All weights but those of norms and biases.
    package var parameterCount: Int {
        let positions = added?.hasPositions == true ? contextLength : 0
        return blocks.reduce(((output.isTied ? 1 : 2) * vocabularySize + positions) * embeddingLength) {
            $0 + $1.parameterCount(embeddingLength)
        }
    }
}

/// A layer of a network: what mixes the rows of a sequence, and what each goes through alone, both added to the rows
/// that come in.
package struct Block: Sendable, Hashable {
    package enum Mixer: Sendable, Hashable {
        case attention(AttentionLayer)
        case recurrent(RecurrentLayer)
    }

    package var mixer: Mixer
    package var feedForward: FeedForward
    /// Whether rows are normalised on their way into the mixer and into the feed-forward part.
    package var hasNormsBefore = true
    /// Whether what either gives is normalised before it is added.
    package var hasNormsAfter = false
    /// Whether the sum of what came in and what either gives is normalised, and only that.
    package var normalisesSums = false
    /// Whether the feed-forward part takes what the mixer takes, instead of the sum behind it.
    package var isParallel = false
    /// What either gives is multiplied with before it is added.
    package var residualScale: Float = 1

    package var attention: AttentionLayer? {
        get { if case .attention(let attention) = mixer { attention } else { nil } }
        set { if let newValue { mixer = .attention(newValue) } }
    }

    package var recurrent: RecurrentLayer? { if case .recurrent(let layer) = mixer { layer } else { nil } }

    /// Weights of the block's matrices, for rows of `embeddingLength`.
    package func parameterCount(_ embeddingLength: Int) -> Int {
        let mixed =
            switch mixer {
            case .attention(let heads): heads.rowWidth + (heads.isGated ? 2 : 1) * heads.mixedWidth
            case .recurrent(let layer): layer.projected.width + layer.mixedWidth
            }
        return embeddingLength * mixed + feedForward.parameterCount(embeddingLength)
    }
}

package struct AttentionLayer: Sendable, Hashable {
    /// Over what queries and keys are normalised before they are rotated.
    package enum Norms: Sendable, Hashable {
        case none
        case eachHead
        /// Over all heads of a row together.
        case wholeRow
    }

    package var heads: Int
    package var kvHeads: Int
    package var headSize: Int
    /// What products of queries and keys are multiplied with.
    package var scale: Float
    /// `c` where a score `s` becomes `c * tanh(s / c)`.
    package var cap: Float?
    package var mask = AttentionMask.causal
    /// `nil` in layers that do not tell positions apart.
    package var rope: Rope?
    package var norms = Norms.none
    /// Whether each head has a logit that joins its softmax and has no value.
    package var hasSinks = false
    /// Whether what each head gives is multiplied by the sigmoid of a product of the row. Source: Qiu et al. 2025.
    package var isGated = false

    /// Floats in a row of queries, keys and values.
    package var rowWidth: Int { (heads + 2 * kvHeads) * headSize }

    /// Floats in a row of what the heads give.
    package var mixedWidth: Int { heads * headSize }
}

package enum FeedForward: Sendable, Hashable {
    /// `down(activation(gate x) * up x)`
    case gated(Activation, width: Int)
    /// `down(activation(up x))`
    case plain(Activation, width: Int)
    /// What each row's experts give, weighted; all are gated.
    case mixture(Mixture)

    /// Numbers between the products, of one expert.
    package var width: Int {
        switch self {
        case .gated(_, let width), .plain(_, let width): width
        case .mixture(let mixture): mixture.width
        }
    }

    package var activation: Activation {
        switch self {
        case .gated(let activation, _), .plain(let activation, _): activation
        case .mixture(let mixture): mixture.activation
        }
    }

    package var mixture: Mixture? { if case .mixture(let mixture) = self { mixture } else { nil } }

    fileprivate func parameterCount(_ embeddingLength: Int) -> Int {
        switch self {
        case .gated(_, let width): 3 * embeddingLength * width
        case .plain(_, let width): 2 * embeddingLength * width
        case .mixture(let mixture):
            embeddingLength
                * (mixture.experts * (3 * mixture.width + 1) + (mixture.shared.map { 3 * $0.width } ?? 0))
        }
    }
}

/// A mixture of experts: a router chooses some of them for each row.
package struct Mixture: Sendable, Hashable {
    /// An expert that all rows have besides.
    package struct Shared: Sendable, Hashable {
        package var width: Int
        /// Whether what it gives is multiplied by the sigmoid of a product of the row.
        package var isGated: Bool
    }

    package var experts: Int
    /// Those of a row.
    package var used: Int
    /// Numbers between the products of an expert.
    package var width: Int
    package var activation = Activation.silu
    package var probabilities = ExpertRouting.Probabilities.softmax
    /// Whether a row's weights add up to one.
    package var isNormalised = true
    package var shared: Shared?
}
