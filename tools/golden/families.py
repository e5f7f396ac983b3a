"""Tiny models of the families that Weft learns, with keys and tensors as real files have them.

Sizes are such that a file has some 100 KB. Each model says what must change its results (`feels`).
"""
import numpy as np

from family_model import CONTEXT, VOCABULARY, Model

FAMILIES = {}
WINDOW = {"attention.sliding_window": 8}
NO_WINDOW = {"attention.sliding_window": CONTEXT}
YARN = {"rope.scaling.type": "yarn", "rope.scaling.factor": 8.0, "rope.scaling.original_context_length": 32}
NO_BIAS = {".bias": 0.0}
OTHER_BASE = {"rope.freq_base": 123.0}


def family(make):
    FAMILIES[make.__name__.replace("_", "-")] = make
    return make


def experts(count=8, used=3, size=32, shared=0):
    keys = {"expert_count": count, "expert_used_count": used, "expert_feed_forward_length": size}
    return {**keys, "expert_shared_feed_forward_length": shared} if shared else keys


def factors(model, name, to):
    model.tensors[name + ".weight"] = np.linspace(1, to, model.keys["rope.dimension_count"] // 2, dtype=np.float32)


@family
def llama():
    m = Model("llama", {**WINDOW, "rope.dimension_count": 16}, layers=3)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.dense())
    return m.end().feels(OTHER_BASE, ignored=NO_WINDOW)


@family
def llama_factors():
    m = Model("llama", {"rope.freq_base": 500000.0, "rope.dimension_count": 64}, layers=3, heads=2, kv=1, head=64)
    factors(m, "rope_freqs", 8)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.dense())
    return m.end(tied=True).feels({"rope_freqs": 1.0, **OTHER_BASE})


@family
def llama_biases():
    keys = {"rope.dimension_count": 16, "rope.scaling.type": "linear", "rope.scaling.factor": 4.0}
    m = Model("llama", {**keys, "attention.scale": 0.4}, layers=3)
    m.blocks(m.norms("attn_norm"), m.attention(qkv_bias=True, bias=True), m.norms("ffn_norm"), m.dense())
    return m.end().feels(
        {"attn_q.bias": 0.0, "attn_v.bias": 0.0, "attn_output.bias": 0.0, "rope.scaling.factor": 1.0},
        ignored={"attention.scale": 0.0})


@family
def mixtral():
    keys = {"expert_count": 8, "expert_used_count": 2, "rope.dimension_count": 32}
    m = Model("llama", keys, head=32, ffn=32)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.experts())
    return m.end().feels({"expert_used_count": 3, **OTHER_BASE})


@family
def qwen2():
    m = Model("qwen2", {"rope.freq_base": 1e6}, layers=4, heads=2, kv=1)
    m.blocks(m.norms("attn_norm"), m.attention(qkv_bias=True), m.norms("ffn_norm"), m.dense())
    return m.end(tied=True).feels({"attn_q.bias": 0.0, "attn_k.bias": 0.0, "attn_v.bias": 0.0, **OTHER_BASE})


@family
def qwen2moe():
    m = Model("qwen2moe", {**experts(shared=48), "rope.freq_base": 1e6}, heads=2, kv=1)
    m.blocks(m.norms("attn_norm"), m.attention(qkv_bias=True), m.norms("ffn_norm"),
             m.experts(shared=48, shared_gate=True))
    return m.end().feels({**NO_BIAS, "expert_used_count": 4, "ffn_gate_inp_shexp": 0.1, "ffn_down_shexp": 0.0})


@family
def qwen3():
    m = Model("qwen3", {"rope.freq_base": 1e6}, layers=3, heads=2, kv=1, head=64)
    m.blocks(m.norms("attn_norm"), m.attention(qk_norm=(1, 1)), m.norms("ffn_norm"), m.dense())
    return m.end().feels({"attn_q_norm": 1.0, "attn_k_norm": 1.0, **OTHER_BASE})


@family
def qwen3_embedding():
    m = Model("qwen3", {"rope.freq_base": 1e6, "pooling_type": 3}, layers=4)
    m.blocks(m.norms("attn_norm"), m.attention(qk_norm=(1, 1)), m.norms("ffn_norm"), m.dense())
    return m.end(tied=True).feels({"attn_q_norm": 1.0, **OTHER_BASE})


@family
def qwen3moe():
    m = Model("qwen3moe", {**experts(), "expert_weights_scale": 1.5, "rope.freq_base": 1e6}, head=32)
    m.blocks(m.norms("attn_norm"), m.attention(qk_norm=(1, 1)), m.norms("ffn_norm"), m.experts())
    return m.end().feels({"expert_used_count": 4, "attn_k_norm": 1.0, **OTHER_BASE},
                         ignored={"expert_weights_scale": 1.0})


@family
def gemma2():
    m = Model("gemma2", {**WINDOW, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 4.0},
              heads=2, kv=1, head=256)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("post_attention_norm", mean=2.0),
             m.norms("ffn_norm"), m.dense(), m.norms("post_ffw_norm", mean=2.0))
    return m.end(tied=True).feels({**NO_WINDOW, "attn_logit_softcapping": 1e4, "final_logit_softcapping": 1e4})


def gemma3_layers(m):
    m.blocks(m.norms("attn_norm"), m.attention(qk_norm=(1, 1)), m.norms("post_attention_norm", mean=2.0),
             m.norms("ffn_norm"), m.dense(), m.norms("post_ffw_norm", mean=2.0))


@family
def gemma3():
    keys = {"rope.freq_base": 1e6, "rope.scaling.type": "linear", "rope.scaling.factor": 8.0}
    m = Model("gemma3", {**WINDOW, **keys}, layers=7, heads=2, kv=1, head=32)
    gemma3_layers(m)
    return m.end(tied=True).feels(
        {**NO_WINDOW, "rope.scaling.factor": 1.0, "rope.freq_base": 1e4, "rope.freq_base_swa": 123.0})


@family
def gemma3_pattern():
    pattern = {"attention.sliding_window_pattern": [True, False, True]}
    keys = {"rope.freq_base": 1e6, "rope.freq_base_swa": 1e3, "attention.sliding_window": 12}
    m = Model("gemma3", {**keys, **pattern, "final_logit_softcapping": 4.0}, layers=3, heads=2, kv=1, head=64)
    gemma3_layers(m)
    return m.end(tied=True).feels(
        {"attention.sliding_window_pattern": [False, True, True], "final_logit_softcapping": 0.0,
         "rope.freq_base_swa": 1e4, **NO_WINDOW})


@family
def gemma_embedding():
    m = Model("gemma-embedding", {**WINDOW, "attention.causal": False, "pooling_type": 1, "rope.freq_base": 1e6,
                                  "dense_2_feat_in": 32, "dense_2_feat_out": 64, "dense_3_feat_in": 64,
                                  "dense_3_feat_out": 32}, layers=7, heads=2, kv=1, head=32)
    gemma3_layers(m)
    m.matrix("dense_2", 32, 64)
    m.matrix("dense_3", 64, 32)
    return m.end(tied=True).feels(
        {**NO_WINDOW, "rope.freq_base": 1e4, "dense_3": 0.0}, ignored={"attention.causal": True})


def phi3_layers(m):
    m.blocks(m.norms("attn_norm"), m.attention(fused=True), m.norms("ffn_norm"), m.dense(fused=True))


def phi3_scaled(original):
    keys = {"rope.scaling.type": "longrope", "rope.scaling.original_context_length": original}
    m = Model("phi3", {**keys, "rope.scaling.attn_factor": 1.19, "rope.dimension_count": 72},
              width=96, ffn=32, heads=1, kv=1, head=96)
    factors(m, "rope_factors_long", 8)
    factors(m, "rope_factors_short", 3)
    phi3_layers(m)
    return m


@family
def phi3():
    m = Model("phi3", {**WINDOW, "rope.dimension_count": 16}, layers=4, heads=2, kv=1)
    phi3_layers(m)
    return m.end().feels(OTHER_BASE, ignored=NO_WINDOW)


@family
def phi3_long():
    return phi3_scaled(CONTEXT // 2).end(tied=True).feels(
        {"rope_factors_long": 1.0, "rope.scaling.attn_factor": 1.0},
        ignored={"rope_factors_short": 1.0})


@family
def phi3_short():
    return phi3_scaled(CONTEXT).end(tied=True).feels(
        {"rope_factors_short": 1.0, "rope.scaling.attn_factor": 1.0}, ignored={"rope_factors_long": 1.0})


@family
def mistral3():
    keys = {"rope.freq_base": 1e4, "rope.dimension_count": 32, "rope.scaling.type": "yarn",
            "rope.scaling.factor": 16.0, "rope.scaling.original_context_length": 16, "rope.scaling.yarn_beta_fast": 4.0,
            "rope.scaling.yarn_beta_slow": 0.25, "rope.scaling.yarn_log_multiplier": 0.5}
    m = Model("mistral3", {**keys, "attention.temperature_scale": 0.2}, head=32)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.dense())
    return m.end().feels(
        {"attention.temperature_scale": 0.0, "rope.scaling.factor": 1.0, "rope.scaling.yarn_beta_fast": 1.0,
         "rope.scaling.yarn_beta_slow": 0.01, "rope.scaling.yarn_log_multiplier": 1.0,
         "rope.scaling.original_context_length": 8})


GRANITE = {"embedding_scale": 6.0, "residual_scale": 0.4, "attention.scale": 0.4, "logit_scale": 2.0}
NO_GRANITE = {"embedding_scale": 1.0, "residual_scale": 1.0, "attention.scale": 0.0, "logit_scale": 1.0}


@family
def granite():
    m = Model("granite", {**GRANITE, "rope.dimension_count": 16}, layers=3)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.dense())
    return m.end().feels({**NO_GRANITE, **OTHER_BASE})


@family
def granitemoe():
    m = Model("granitemoe", {**GRANITE, **experts(shared=48), "rope.dimension_count": 16}, ffn=32)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.experts(shared=48))
    return m.end().feels({**NO_GRANITE, "expert_used_count": 4, "ffn_down_shexp": 0.0})


@family
def granitehybrid():
    keys = {**GRANITE, **experts(6, 2, shared=48), "rope.scaling.finetuned": False, "ssm.conv_kernel": 4,
            "ssm.inner_size": 64, "ssm.state_size": 16, "ssm.group_count": 2, "ssm.time_step_rank": 4}
    m = Model("granitehybrid", {**keys, "attention.head_count_kv": [0, 2, 0]}, layers=3, ffn=32)
    m.blocks(m.norms("attn_norm"), m.mamba(lambda layer: layer != 1), m.attention(only=lambda layer: layer == 1),
             m.norms("ffn_norm"), m.experts(6, shared=48))
    return m.end().feels({**NO_GRANITE, "rope.scaling.finetuned": True, "ssm_a": -9.0, "ssm_d": 0.0,
                          "ssm_conv1d.bias": 0.0, "ssm_dt": 0.0, "expert_used_count": 3})


@family
def smollm3():
    m = Model("smollm3", {"rope.freq_base": 1e4, "rope.dimension_count": 16}, layers=4)
    m.blocks(m.norms("attn_norm"), m.attention(), m.norms("ffn_norm"), m.dense())
    return m.end(tied=True).feels(OTHER_BASE)


def olmo2_layers(m):
    m.blocks(m.attention(qk_norm=(m.heads, m.kv)), m.norms("post_attention_norm"), m.dense(), m.norms("post_ffw_norm"))


@family
def olmo2():
    m = Model("olmo2", {"rope.freq_base": 5e5}, layers=4, heads=2, kv=1)
    olmo2_layers(m)
    return m.end().feels({"attn_q_norm": 1.0, "attn_k_norm": 1.0, **OTHER_BASE})


@family
def olmo3():
    pattern = {"attention.sliding_window_pattern": [True, True, True, False]}
    m = Model("olmo2", {**WINDOW, **pattern, **YARN, "rope.freq_base": 1e4}, layers=4, width=64, ffn=32)
    olmo2_layers(m)
    return m.end().feels({**NO_WINDOW, "rope.scaling.factor": 1.0, "rope.scaling.original_context_length": 128,
                          "attention.sliding_window_pattern": [False, True, True, True]})


@family
def gpt_oss():
    keys = {**WINDOW, **YARN, **experts(used=4), "rope.freq_base": 15e4, "rope.dimension_count": 64}
    m = Model("gpt-oss", keys, heads=2, kv=1, head=64)
    sinks = lambda layer, p: m.add(p + "attn_sinks.weight", m.heads, spread=1.0, mean=1.0)
    m.blocks(m.norms("attn_norm"), m.attention(qkv_bias=True, bias=True), sinks, m.norms("post_attention_norm"),
             m.experts(bias=True))
    # Gates and values of some experts reach what they are clamped to.
    for name in m.tensors:
        if "ffn_gate_exps" in name or "ffn_up_exps" in name:
            m.tensors[name] *= 3
    return m.end().feels(
        {**NO_WINDOW, "attn_sinks": -1e4, "rope.scaling.factor": 1.0, "rope.scaling.original_context_length": 256,
         "attn_q.bias": 0.0, "attn_output.bias": 0.0, "ffn_gate_inp.bias": 0.0, "ffn_up_exps.bias": 0.0,
         "ffn_down_exps.bias": 0.0, "expert_used_count": 3})


@family
def glm4():
    m = Model("glm4", {"rope.dimension_count": 16, "rope.freq_base": 1e4}, heads=2, kv=1, head=32)
    m.blocks(m.norms("attn_norm"), m.attention(qkv_bias=True), m.norms("post_attention_norm", "ffn_norm"),
             m.dense(fused=True), m.norms("post_ffw_norm"))
    return m.end().feels({**NO_BIAS, "rope.dimension_count": 32, **OTHER_BASE})


@family
def cohere2():
    m = Model("cohere2", {**WINDOW, "logit_scale": 0.5, "rope.dimension_count": 16}, layers=4, width=64, ffn=32,
              norm="layer")
    m.blocks(m.norms("attn_norm"), m.attention(), m.dense())
    return m.end(tied=True).feels({**NO_WINDOW, "logit_scale": 1.0, **OTHER_BASE})


@family
def lfm2():
    m = Model("lfm2", {"attention.head_count_kv": [0, 2, 0, 2], "shortconv.l_cache": 3, "rope.freq_base": 1e6},
              layers=4, heads=2, kv=2)

    def convolution(layer, p):
        if layer % 2 == 0:
            m.matrix(p + "shortconv.in_proj", 32, 96, gain=1.5)
            m.matrix(p + "shortconv.conv", 3, 32)
            m.matrix(p + "shortconv.out_proj", 32, 32)
    m.blocks(m.norms("attn_norm"), convolution, m.attention(qk_norm=(1, 1), only=lambda layer: layer % 2 == 1),
             m.norms("ffn_norm"), m.dense())
    return m.end("token_embd_norm", tied=True).feels({"shortconv.conv": 0.3, "attn_q_norm": 1.0, **OTHER_BASE})


def qwen35_keys(interval, sections):
    return {"ssm.conv_kernel": 4, "ssm.inner_size": 64, "ssm.state_size": 16, "ssm.group_count": 2,
            "ssm.time_step_rank": 4, "rope.dimension_sections": sections, "rope.dimension_count": 2 * sum(sections),
            "rope.freq_base": 1e4, "full_attention_interval": interval}


QWEN35_FELT = {"ssm_a": -9.0, "ssm_dt": 0.0, "ssm_conv1d": 0.3, "attn_q_norm": 1.0, **OTHER_BASE}


def qwen35_dense(layers, sections):
    """The last layer attends."""
    m, last = Model("qwen35", qwen35_keys(layers, sections), layers=layers, heads=2, kv=1, head=64), layers - 1
    m.blocks(m.norms("attn_norm"), m.delta(lambda layer: layer != last),
             m.attention(qk_norm=(1, 1), only=lambda layer: layer == last, gate=2), m.norms("post_attention_norm"),
             m.dense())
    return m.end()


@family
def qwen35():
    return qwen35_dense(4, [3, 3, 2, 0]).feels({**QWEN35_FELT, "rope.dimension_count": 64})


@family
def qwen35_sections():
    """Some of what turns by pairs is in no section of time, height or width."""
    return qwen35_dense(2, [2, 2, 4, 0]).feels(QWEN35_FELT)


@family
def qwen35moe():
    m = Model("qwen35moe", {**qwen35_keys(2, [2, 1, 1, 0]), **experts(6, 3, shared=32)}, layers=3, heads=2, kv=1,
              head=32)
    m.blocks(m.norms("attn_norm"), m.delta(lambda layer: layer != 1),
             m.attention(qk_norm=(1, 1), only=lambda layer: layer == 1, gate=2), m.norms("post_attention_norm"),
             m.experts(6, shared=32, shared_gate=True))
    return m.end().feels({**QWEN35_FELT, "expert_used_count": 2, "ffn_gate_inp_shexp": 0.1})


def bert_layers(m):
    m.blocks(m.attention(qkv_bias=True, bias=True), m.norms("attn_output_norm", bias=True),
             m.dense(bias=True, gated=False), m.norms("layer_output_norm", bias=True))


def encoder(arch, **sizes):
    keys = {"attention.causal": False, "pooling_type": 1, "tokenizer.ggml.token_type_count": 2}
    m = Model(arch, keys, norm="layer", heads=2, kv=2, **sizes)
    m.add("token_types.weight", m.width, 2, spread=0.1)
    m.norm("token_embd_norm", bias=True)
    return m


@family
def bert():
    m = encoder("bert", layers=3)
    m.add("position_embd.weight", m.width, CONTEXT, spread=0.3)
    m.keys["pooling_type"] = 2
    bert_layers(m)
    return m.feels({"position_embd": 0.0, "token_types": 0.0, "attn_q.bias": 0.0, "attn_output.bias": 0.0,
                    "ffn_up.bias": 0.0}, ignored={"attention.causal": True})


@family
def bert_rank():
    m = encoder("bert", layers=2)
    m.add("position_embd.weight", m.width, CONTEXT, spread=0.3)
    m.keys["pooling_type"] = 4
    bert_layers(m)
    m.matrix("cls", m.width, m.width, bias=True)
    m.matrix("cls.output", m.width, 1, bias=True)
    return m.feels({"position_embd": 0.0})


@family
def qwen3_rank():
    m = Model("qwen3", {"rope.freq_base": 1e6, "pooling_type": 4, "classifier.output_labels": ["yes", "no"]}, layers=2)
    m.blocks(m.norms("attn_norm"), m.attention(qk_norm=(1, 1)), m.norms("ffn_norm"), m.dense())
    m.matrix("cls.output", m.width, 2)
    return m.end(tied=True).feels(OTHER_BASE)


@family
def nomic_bert():
    m = encoder("nomic-bert", layers=4)
    m.keys["rope.freq_base"] = 1000.0
    m.blocks(m.attention(fused=True), m.norms("attn_output_norm", bias=True), m.dense(),
             m.norms("layer_output_norm", bias=True))
    return m.feels({"token_types": 0.0, **OTHER_BASE}, ignored={"attention.causal": True})
