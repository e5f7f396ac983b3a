"""A tiny random model of any family as a GGUF file, without a tokenizer."""
import zlib

import gguf
import numpy as np

VOCABULARY, CONTEXT = 100, 256


class Model:
    """Keys and random tensors. Shapes are those of GGUF: the first number is the length of a row."""

    def __init__(self, arch, keys={}, layers=2, width=32, ffn=64, heads=4, kv=2, head=16, norm="rms"):
        self.arch, self.layers, self.width, self.ffn = arch, layers, width, ffn
        self.heads, self.kv, self.head, self.is_rms = heads, kv, head, norm == "rms"
        self.random = np.random.default_rng(zlib.crc32(f"{arch} {layers} {head}".encode()))
        self.keys = {
            "context_length": CONTEXT, "embedding_length": width, "block_count": layers, "feed_forward_length": ffn,
            "vocab_size": VOCABULARY, "attention.head_count": heads, "attention.head_count_kv": kv,
            "attention.key_length": head, "attention.value_length": head,
            "attention.layer_norm_rms_epsilon" if self.is_rms else "attention.layer_norm_epsilon": 1e-5, **keys}
        self.tensors = {}
        self.felt, self.ignored = {}, {}
        self.matrix("token_embd", width, VOCABULARY)

    def add(self, name, *shape, spread, mean=0.0):
        self.tensors[name] = (self.random.normal(size=shape[::-1]) * spread + mean).astype(np.float32)

    def matrix(self, name, *shape, gain=1.0, bias=False):
        """Results are as large as what comes in, times the gain."""
        self.add(name + ".weight", *shape, spread=gain / np.sqrt(shape[0]))
        if bias:
            self.add(name + ".bias", *shape[1:], spread=0.25)

    def norm(self, name, size=None, bias=False, mean=1.0):
        self.add(name + ".weight", size or self.width, spread=0.2, mean=mean)
        if bias:
            self.add(name + ".bias", size or self.width, spread=0.3)

    def blocks(self, *parts):
        """Every layer is made of parts, functions of its index and of the prefix of its names."""
        for layer in range(self.layers):
            for part in parts:
                part(layer, f"blk.{layer}.")

    def end(self, norm="output_norm", tied=False):
        if norm:
            self.norm(norm)
        if not tied:
            self.matrix("output", self.width, VOCABULARY, gain=2)
        return self

    def feels(self, felt, ignored={}):
        """Keys, and parts of tensors' names: what takes away the effect that they have (and that ignored ones lack)."""
        self.felt, self.ignored = felt, ignored
        return self

    # Parts of layers.

    def norms(self, *names, bias=False, mean=1.0):
        return lambda layer, p: [self.norm(p + name, bias=bias, mean=mean) for name in names]

    def attention(self, qkv_bias=False, bias=False, qk_norm=None, fused=False, only=lambda layer: True, gate=1):
        """`qk_norm` is the number of heads of queries and keys that a norm of each goes over, or nothing."""
        def part(layer, p):
            if not only(layer):
                return
            q, kv, gain = self.heads * self.head, self.kv * self.head, 1.0 if qk_norm else 1.5
            if fused:
                self.matrix(p + "attn_qkv", self.width, q + 2 * kv, gain=1.3, bias=qkv_bias)
            else:
                self.matrix(p + "attn_q", self.width, q * gate, gain=gain, bias=qkv_bias)
                self.matrix(p + "attn_k", self.width, kv, gain=gain, bias=qkv_bias)
                self.matrix(p + "attn_v", self.width, kv, bias=qkv_bias)
            if qk_norm:
                self.norm(p + "attn_q_norm", self.head * qk_norm[0], mean=1.3)
                self.norm(p + "attn_k_norm", self.head * qk_norm[1], mean=1.3)
            self.matrix(p + "attn_output", q, self.width, bias=bias)
        return part

    def dense(self, bias=False, fused=False, gated=True):
        def part(layer, p):
            if gated and not fused:
                self.matrix(p + "ffn_gate", self.width, self.ffn, bias=bias)
            self.matrix(p + "ffn_up", self.width, self.ffn * (2 if fused else 1), bias=bias)
            self.matrix(p + "ffn_down", self.ffn, self.width, gain=2, bias=bias)
        return part

    def experts(self, count=8, size=32, shared=0, shared_gate=False, bias=False):
        def part(layer, p):
            self.matrix(p + "ffn_gate_inp", self.width, count, gain=1.5, bias=bias)
            self.matrix(p + "ffn_gate_exps", self.width, size, count, bias=bias)
            self.matrix(p + "ffn_up_exps", self.width, size, count, bias=bias)
            self.matrix(p + "ffn_down_exps", size, self.width, count, gain=2, bias=bias)
            if shared:
                self.matrix(p + "ffn_gate_shexp", self.width, shared)
                self.matrix(p + "ffn_up_shexp", self.width, shared)
                self.matrix(p + "ffn_down_shexp", shared, self.width, gain=2)
            if shared_gate:
                self.matrix(p + "ffn_gate_inp_shexp", self.width, gain=1.5)
        return part

    def delta(self, only, kernel=4, state=16, key_heads=2, value_heads=4):
        """A gated delta net, as Qwen 3.5 has it."""
        keys, values = state * key_heads, state * value_heads

        def part(layer, p):
            if not only(layer):
                return
            self.matrix(p + "attn_qkv", self.width, 2 * keys + values, gain=2)
            self.matrix(p + "attn_gate", self.width, values)
            self.matrix(p + "ssm_conv1d", kernel, 2 * keys + values)
            self.matrix(p + "ssm_beta", self.width, value_heads)
            self.matrix(p + "ssm_alpha", self.width, value_heads)
            self.tensors[p + "ssm_a"] = -self.random.uniform(0.05, 0.5, value_heads).astype(np.float32)
            self.add(p + "ssm_dt.bias", value_heads, spread=0.5)
            self.norm(p + "ssm_norm", state)
            self.matrix(p + "ssm_out", values, self.width)
        return part

    def mamba(self, only, inner=64, state=16, groups=2, ranks=4, kernel=4):
        """Mamba 2, as Granite 4 has it."""
        channels = inner + 2 * groups * state

        def part(layer, p):
            if not only(layer):
                return
            self.matrix(p + "ssm_in", self.width, inner + channels + ranks)
            self.matrix(p + "ssm_conv1d", kernel, channels, bias=True)
            self.add(p + "ssm_dt.bias", ranks, spread=0.5)
            self.tensors[p + "ssm_a"] = -self.random.uniform(0.05, 0.5, (ranks, 1)).astype(np.float32)
            self.add(p + "ssm_d", 1, ranks, spread=1.0)
            self.add(p + "ssm_norm.weight", inner // groups, groups, spread=0.2, mean=1.0)
            self.matrix(p + "ssm_out", inner, self.width)
        return part

    def write(self, path, is_half):
        writer = gguf.GGUFWriter(path, self.arch)
        writer.add_string("tokenizer.ggml.model", "none")
        for key, value in self.keys.items():
            key = key if key.startswith("tokenizer.") else f"{self.arch}.{key}"
            kind = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), list)
            add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
            add.get(kind, writer.add_array)(key, value)
        for name, tensor in self.tensors.items():
            writer.add_tensor(name, tensor.astype(np.float16) if is_half and self.may_be_half(name) else tensor)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def may_be_half(self, name):
        floats = ("ffn_gate_inp", "conv", "ssm_a", "ssm_d", "ssm_norm", "position_embd", "token_types", ".bias")
        return self.tensors[name].ndim > 1 and not any(part in name for part in floats)

    def round(self):
        """Numbers that halves hold exactly, where halves will hold them."""
        for name in self.tensors:
            if self.may_be_half(name):
                self.tensors[name] = self.tensors[name].astype(np.float16).astype(np.float32)
