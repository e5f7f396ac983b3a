/// A weight of a network by what it is for.
enum Weight: Sendable, Hashable {
    case embedding
    /// `[context][embeddingLength]`, or one row: what is added to embeddings.
    case added
    case embeddingNorm
    case outputNorm
    /// Absent where the embedding serves as output matrix too.
    case output
    /// `[layers][heads]` of all blocks, in the order of `Network.kvLayers`.
    case sinks
    case block(Int, Part)
    /// Of a norm.
    indirect case bias(of: Weight)
    /// What a shard has of a matrix.
    indirect case shard(Int, of: Weight)

    enum Part: Sendable, Hashable {
        case mixerNorm
        /// What the mixer takes of a row: one product for all of queries, keys and values, or one of each where their
        /// formats differ.
        case mixerInput(Int)
        case queryNorm
        case keyNorm
        /// By whose products heads are gated.
        case headGate
        /// `[channels][taps]` floats
        case convolution
        /// Of a recurrence: floats of each head.
        case decay
        case stepBias
        case skip
        case gatedNorm
        case mixerOutput
        case postMixerNorm
        case feedForwardNorm
        /// One matrix whose panels alternate between gate and up, or one of the two where their formats differ; up
        /// alone where there is no gate.
        case gateUp(Int)
        case down
        case router
        case sharedGateUp(Int)
        case sharedDown
        /// Whose product with a row says how much of the shared expert it takes.
        case sharedRouter
        case postFeedForwardNorm
    }
}

/// The names of tensors in model files, as most families have them; without `.weight`, and those of blocks without
/// `blk.<number>.`. A family says where it has others.
package enum TensorName: String, Sendable, Hashable, CaseIterable {
    case embedding = "token_embd"
    case positions = "position_embd"
    case types = "token_types"
    case embeddingNorm = "token_embd_norm"
    case outputNorm = "output_norm"
    case output
    case mixerNorm = "attn_norm"
    case query = "attn_q"
    case key = "attn_k"
    case value = "attn_v"
    case qkv = "attn_qkv"
    case queryNorm = "attn_q_norm"
    case keyNorm = "attn_k_norm"
    case attentionOutput = "attn_output"
    case sinks = "attn_sinks"
    case shortInput = "shortconv.in_proj"
    case shortConvolution = "shortconv.conv"
    case shortOutput = "shortconv.out_proj"
    case deltaGate = "attn_gate"
    case deltaStep = "ssm_alpha"
    case deltaBeta = "ssm_beta"
    case scanInput = "ssm_in"
    case convolution = "ssm_conv1d"
    case decay = "ssm_a"
    case stepBias = "ssm_dt"
    case skip = "ssm_d"
    case gatedNorm = "ssm_norm"
    case recurrentOutput = "ssm_out"
    case postMixerNorm = "post_attention_norm"
    case feedForwardNorm = "ffn_norm"
    case gate = "ffn_gate"
    case up = "ffn_up"
    case down = "ffn_down"
    case postFeedForwardNorm = "post_ffw_norm"
    case router = "ffn_gate_inp"
    case expertGate = "ffn_gate_exps"
    case expertUp = "ffn_up_exps"
    case expertGateUp = "ffn_gate_up_exps"
    case expertDown = "ffn_down_exps"
    case sharedRouter = "ffn_gate_inp_shexp"
    case sharedGate = "ffn_gate_shexp"
    case sharedUp = "ffn_up_shexp"
    case sharedDown = "ffn_down_shexp"
}
