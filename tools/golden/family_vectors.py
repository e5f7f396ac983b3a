#!/usr/bin/env python3
"""Writes tiny random models of many families, and what llama.cpp makes of them (PyPI `gguf`, `numpy`, `xllamacpp`).

    python3 tools/golden/family_vectors.py Tests/TransformerTests/Resources/families

`NAME.gguf` is a model of `families.py`: seeded numbers under the keys and names of a real one, without a tokenizer. The
larger ones have matrices of halves. `vectors.json` has for each NAME

    prompt      48 tokens
    positions   four places in it, counted from 0
    logits      [position][token], after the prompt up to and with that place
    tokens      the 24 tokens that follow greedily
    margins     the best logit's lead over the second at each of the 24

and for a model that embeds (its file has a `pooling_type`)

    prompt, positions
    embeddings  [position][element], the vector of that token, of any length, when nothing is pooled
    pooled      of "mean", "cls" (the first token) and "last" each [element], of length 1; of a model that ranks, "rank"
                alone, with as many numbers as its head gives

llama.cpp runs on one thread without flash attention, with keys and values in floats and a context of 256. It rounds
what it multiplies with halves to halves, which would move logits by 0.01, and so gets the same numbers as floats.
Token by token, its own logits differ by up to 5e-5 from those of the whole prompt, and in models with gelu (gemma,
bert), which it takes from a table of halves, by up to 5e-4.

The table that is printed has for each model how much the results differ without each of its special keys and tensors:
all must be felt. A key that llama.cpp does not heed (`x 0`) must change nothing.
"""
import copy
import json
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import llama_cpp  # noqa: E402
from families import FAMILIES  # noqa: E402
from family_model import CONTEXT, VOCABULARY  # noqa: E402

DECODED = 24
POSITIONS = [5, 17, 33, 47]
POOLINGS = {"mean": 1, "cls": 2, "last": 3}
RANK = 4
# What must differ where something is felt. Logits and elements are about 1.
FELT = 1e-2
# Bytes of floats from which matrices are of halves.
LARGE = 190_000
said = []
LLAMA = llama_cpp.library(said.append)


class Oracle:
    """A model in llama.cpp. Embeds with a pooling (0: none), or else gives logits."""

    def __init__(self, path, width, pooling=None):
        self.width, self.pooling = (VOCABULARY if pooling is None else width), pooling
        said.clear()
        self.model = LLAMA.llama_model_load_from_file(str(path).encode(), LLAMA.llama_model_default_params())
        self.context = self.model and llama_cpp.exact_context(LLAMA, self.model, CONTEXT, pooling)
        if not self.context:
            raise SystemExit("llama.cpp: " + "".join(said)[-2000:])
        self.batch = LLAMA.llama_batch_init(CONTEXT, 0, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LLAMA.llama_batch_free(self.batch)
        LLAMA.llama_free(self.context)
        LLAMA.llama_model_free(self.model)

    def run(self, tokens, start=0):
        """[token][width], or [1][width] of what is pooled."""
        self.batch.put([(0, start + index, int(token), True) for index, token in enumerate(tokens)])
        if LLAMA.llama_decode(self.context, self.batch):
            raise SystemExit("llama.cpp failed: " + "".join(said)[-2000:])
        if self.pooling:
            rows = [LLAMA.llama_get_embeddings_seq(self.context, 0)]
        else:
            get = LLAMA.llama_get_logits_ith if self.pooling is None else LLAMA.llama_get_embeddings_ith
            rows = [get(self.context, index) for index in range(len(tokens))]
        return np.array([row[: self.width] for row in rows], np.float32)


def results(model, prompt, path):
    """What the model makes of each token of the prompt."""
    model.write(path, is_half=False)
    with Oracle(path, model.width, 0 if embeds(model) else None) as oracle:
        return oracle.run(prompt)


def embeds(model):
    return "pooling_type" in model.keys


def without(model, name, value):
    """The model with another value of a key, or of the numbers of all tensors that have this in their names."""
    other = copy.deepcopy(model)
    named = [tensor for tensor in model.tensors if name in tensor]
    for tensor in named:
        other.tensors[tensor][...] = value
    if not named:
        other.keys[name] = value
    return other


def embedded(model, prompt, plain, path):
    pooled = {}
    if model.keys["pooling_type"] == RANK:
        outputs = model.tensors["cls.output.weight"].shape[0]
        with Oracle(path, outputs, RANK) as oracle:
            return {"embeddings": [numbers(row) for row in plain[POSITIONS]],
                    "pooled": {"rank": numbers(oracle.run(prompt)[0])}}
    for name, pooling in POOLINGS.items():
        with Oracle(path, model.width, pooling) as oracle:
            vector = oracle.run(prompt)[0]
            pooled[name] = numbers(vector / np.linalg.norm(vector))
    return {"embeddings": [numbers(row) for row in plain[POSITIONS]], "pooled": pooled}


def continued(model, prompt, plain, path):
    tokens, margins = [], []
    with Oracle(path, model.width) as oracle:
        logits = oracle.run(prompt)[-1]
        for step in range(DECODED):
            second, best = np.argsort(logits)[-2:]
            tokens.append(int(best))
            margins.append(float(f"{logits[best] - logits[second]:.4g}"))
            logits = oracle.run([best], start=len(prompt) + step)[0]
    return {"logits": [numbers(row) for row in plain[POSITIONS]], "tokens": tokens, "margins": margins}


def numbers(row):
    return [float(f"{number:.7g}") for number in row]


def record(name, model, folder, work):
    """The vectors of a model and its row of the table."""
    is_half = sum(tensor.nbytes for tensor in model.tensors.values()) > LARGE
    if is_half:
        model.round()
    file, twin = folder / f"{name}.gguf", work / "twin.gguf"
    model.write(file, is_half)
    prompt = np.random.default_rng(zlib.crc32(name.encode())).integers(0, VOCABULARY, POSITIONS[-1] + 1)
    plain = results(model, prompt, twin)
    vectors = {"prompt": prompt.tolist(), "positions": POSITIONS}
    vectors |= (embedded if embeds(model) else continued)(model, prompt, plain, twin)

    def difference(change):
        other = results(without(model, *change), prompt, work / "other.gguf")
        return float(abs(other - plain).max())
    felt = {change[0]: difference(change) for change in model.felt.items()}
    ignored = {change[0]: difference(change) for change in model.ignored.items()}
    faults = [change for change in felt if not felt[change] > FELT] + [change for change in ignored if ignored[change]]
    margins = vectors.get("margins")
    lead = f"{min(margins):.4f} {np.median(margins):.2f} {len(set(vectors['tokens']))} tokens" if margins else "embeds"
    words = [f"{change} {size:.2g}" for change, size in {**felt, **ignored}.items()]
    print(f"{name:16s} {'F16' if is_half else 'F32'} {file.stat().st_size // 1024:4d} KB  {lead:22s} "
          f"{abs(plain).max():5.1f}  {', '.join(words)}{'  WRONG ' + ', '.join(faults) if faults else ''}", flush=True)
    return vectors, not faults


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        made = {name: record(name, make(), folder, Path(work)) for name, make in FAMILIES.items()}
    lines = [f"{json.dumps(name)}:{json.dumps(vectors, separators=(',', ':'))}" for name, (vectors, _) in made.items()]
    (folder / "vectors.json").write_text("{" + ",\n".join(lines) + "}\n")
    return not all(is_right for _, is_right in made.values())


if __name__ == "__main__":
    sys.exit(main())
