#!/usr/bin/env python3
"""Compares `weft logits` with llama.cpp on tiny models of other sizes than the recorded ones (PyPI `gguf`, `numpy`,
`xllamacpp`).

    python3 tools/golden/other_sizes.py [--weft .build/release/weft] [--devices "opencl vulkan:llvmpipe"]

Prints how far logits are off at most, of those after four of 48 tokens, and ends with 1 where one is off by 1e-3.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from families import GRANITE, experts
from family_model import VOCABULARY, Model
from family_vectors import POSITIONS, results

def whole(keys, head):
    """Where every element of a head turns, which llama.cpp asks of some families."""
    return {**keys, "rope.dimension_count": head}


def plain(m, **attention):
    m.blocks(m.norms("attn_norm"), m.attention(**attention), m.norms("ffn_norm"), m.dense())
    return m.end()


def lfm2(width, taps, heads, kv, attends):
    keys = {"attention.head_count_kv": [kv * one for one in attends], "shortconv.l_cache": taps}
    m = Model("lfm2", keys, layers=len(attends), width=width, heads=heads, kv=kv, head=width // heads)

    def convolution(layer, p):
        if not attends[layer]:
            m.matrix(p + "shortconv.in_proj", width, 3 * width, gain=1.5)
            m.matrix(p + "shortconv.conv", taps, width)
            m.matrix(p + "shortconv.out_proj", width, width)
    m.blocks(m.norms("attn_norm"), convolution, m.attention(qk_norm=(1, 1), only=lambda layer: attends[layer]),
             m.norms("ffn_norm"), m.dense())
    return m.end("token_embd_norm", tied=True)


def qwen35(width, state, key_heads, heads, head, turned, interval, layers, chosen=None):
    """`chosen` is how many of how many experts."""
    keys = {"ssm.conv_kernel": 4, "ssm.inner_size": state * heads, "ssm.state_size": state,
            "ssm.group_count": key_heads, "ssm.time_step_rank": heads, "full_attention_interval": interval,
            "rope.dimension_sections": [turned // 8, turned // 8, turned // 4, 0], "rope.dimension_count": turned}
    keys |= experts(chosen[1], chosen[0], 48, shared=64) if chosen else {}
    m = Model("qwen35moe" if chosen else "qwen35", keys, layers=layers, width=width, heads=4, kv=2, head=head)
    delta = m.delta(lambda layer: (layer + 1) % interval, state=state, key_heads=key_heads, value_heads=heads)
    attention = m.attention(qk_norm=(1, 1), only=lambda layer: (layer + 1) % interval == 0, gate=2)
    m.blocks(m.norms("attn_norm"), delta, attention, m.norms("post_attention_norm"),
             m.experts(chosen[1], 48, shared=64, shared_gate=True) if chosen else m.dense())
    return m.end()


def granite4(width, state, groups, ranks, attends, chosen=None):
    inner = 2 * width
    keys = {**GRANITE, "rope.scaling.finetuned": False, "ssm.conv_kernel": 4, "ssm.inner_size": inner,
            "ssm.state_size": state, "ssm.group_count": groups, "ssm.time_step_rank": ranks,
            "attention.head_count_kv": [2 * one for one in attends]}
    keys |= experts(chosen[1], chosen[0], shared=64) if chosen else {}
    m = Model("granitehybrid", keys, layers=len(attends), width=width, ffn=32 if chosen else 96)
    mamba = m.mamba(lambda layer: not attends[layer], inner=inner, state=state, groups=groups, ranks=ranks)
    m.blocks(m.norms("attn_norm"), mamba, m.attention(only=lambda layer: attends[layer]), m.norms("ffn_norm"),
             m.experts(chosen[1], shared=64) if chosen else m.dense())
    return m.end()


MODELS = {
    "llama, heads of 80": lambda: plain(Model("llama", whole({}, 80), layers=3, width=96, heads=3, kv=1, head=80)),
    "llama, wide": lambda: plain(Model("llama", whole({}, 128), layers=2, width=256, ffn=320, heads=2, kv=2, head=128)),
    "qwen3, heads of 128": lambda: plain(Model("qwen3", width=48, ffn=112, heads=6, kv=3, head=128), qk_norm=(1, 1)),
    "lfm2, heads of 64": lambda: lfm2(128, 3, 2, 1, [0, 0, 1, 0, 1]),
    "lfm2, four taps": lambda: lfm2(96, 4, 3, 3, [1, 0, 0]),
    "qwen35, eight heads": lambda: qwen35(64, 32, 2, 8, 64, 16, 4, 4),
    "qwen35, heads of 256": lambda: qwen35(64, 128, 1, 4, 256, 64, 2, 3),
    "qwen35moe, four of ten": lambda: qwen35(64, 32, 4, 8, 32, 16, 2, 4, chosen=(4, 10)),
    "qwen35moe, two of seven": lambda: qwen35(64, 16, 8, 16, 64, 16, 4, 4, chosen=(2, 7)),
    "granitehybrid, four of nine": lambda: granite4(96, 64, 2, 12, [0, 1, 0], chosen=(4, 9)),
    "granitehybrid, dense": lambda: granite4(128, 128, 1, 4, [0, 0, 1, 0, 1]),
}


def logits(weft, path, prompt, device):
    tokens, places = ",".join(map(str, prompt)), ",".join(map(str, POSITIONS))
    answer = subprocess.run(
        [weft, "logits", path, "--tokens", tokens, "--positions", places, "--device", device, "--json"], check=True,
        capture_output=True, text=True).stdout
    return np.array([json.loads(answer)["logits"][str(place)] for place in POSITIONS])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default=".build/release/weft")
    parser.add_argument("--devices", default="opencl vulkan:llvmpipe")
    options = parser.parse_args()
    prompt, worst = np.random.default_rng(5).integers(3, VOCABULARY, 48), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, make in MODELS.items():
            path, m = Path(folder) / "model.gguf", make()
            expected = results(m, prompt, path)[POSITIONS]
            off = [abs(logits(options.weft, path, prompt, device) - expected).max()
                   for device in options.devices.split()]
            print(f"{name:30}" + "".join(f"{value:12.2e}" for value in off), flush=True)
            worst = max(worst, *off)
    sys.exit(1 if worst >= 1e-3 else 0)


if __name__ == "__main__":
    main()
