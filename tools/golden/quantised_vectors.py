#!/usr/bin/env python3
"""Makes the real model in the types of `tools/quantise.py`, and records what llama.cpp makes of these files.

    python3 tools/golden/quantised_vectors.py ~/.cache/weft/models

writes `Tests/Conformance/Resources/quantised.json`; the folder has the Q4_1 model, and gets the files. For each:

    sha256    of the file
    prompts   of some prompts of `smollm2-135m-instruct.json`:
        name, tokens    whose prompt it is, and the tokens that follow greedily after exact logits
        tops            [step][5][token, exact logit, CPU's logit], the best five before each of these tokens

Exact logits are those of a file with the same numbers in F32, and the CPU's those of the file itself, where llama.cpp
rounds what it multiplies to bytes. Both come from one thread, with keys and values in floats and without flash
attention; the same tokens are fed to both, those of the prompt at once and then one by one.
"""
import heapq
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import llama_cpp  # noqa: E402
import quantise  # noqa: E402

PROMPTS = quantise.ROOT / "Tests/TokenizationTests/Resources/smollm2-135m-instruct.json"
COUNT, STEPS, BEST = 6, 32, 5
CONTEXT = 256


class Oracle:
    """A model in llama.cpp."""

    def __init__(self, lib, path):
        self.lib = lib
        self.model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
        self.context = self.model and llama_cpp.exact_context(lib, self.model, CONTEXT)
        if not self.context:
            raise SystemExit(f"llama.cpp does not take {path}")
        self.width = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self.model))
        self.batch = lib.llama_batch_init(CONTEXT, 0, 1)

    def feed(self, tokens, start):
        """The logits behind the last of the tokens."""
        last = len(tokens) - 1
        self.batch.put([(0, start + index, token, index == last) for index, token in enumerate(tokens)])
        if self.lib.llama_decode(self.context, self.batch):
            raise SystemExit("llama.cpp failed")
        return self.lib.llama_get_logits_ith(self.context, last)[: self.width]

    def run(self, prompt, choose):
        """Logits behind a prompt and each token but the last that is chosen by its step and the logits before it."""
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)
        logits = [self.feed(prompt, 0)]
        for step in range(STEPS - 1):
            logits.append(self.feed([choose(step, logits[-1])], len(prompt) + step))
        return logits

    def close(self):
        self.lib.llama_batch_free(self.batch)
        self.lib.llama_free(self.context)
        self.lib.llama_model_free(self.model)


def best(logits, count):
    return heapq.nlargest(count, range(len(logits)), key=logits.__getitem__)


def recorded(prompts, exact, rounded):
    for prompt in prompts:
        ids = prompt["prompt_ids"]
        right = exact.run(ids, lambda step, logits: best(logits, 1)[0])
        tokens = [best(logits, 1)[0] for logits in right]
        cpu = rounded.run(ids, lambda step, logits: tokens[step])
        tops = [[[token, round(row[token], 4), round(other[token], 4)] for token in best(row, BEST)]
                for row, other in zip(right, cpu)]
        yield {"name": prompt["name"], "tokens": tokens, "tops": tops}


def lost(vectors):
    """Root mean square of what the CPU's rounding takes from logits."""
    squares = [(cpu - exact) ** 2 for prompt in vectors for top in prompt["tops"] for _, exact, cpu in top]
    return (sum(squares) / len(squares)) ** 0.5


def main():
    folder = Path(sys.argv[1])
    quantise.enter_environment(folder)
    lib = quantise.library()
    prompts = json.loads(PROMPTS.read_text())["prompts"][:COUNT]
    source, files = quantise.Source(lib, folder / quantise.ORIGINAL), {}
    for name, mixture in quantise.MIXTURES.items():
        path = quantise.path_of(folder, name)
        source.write(mixture, path)
        with tempfile.TemporaryDirectory() as work:
            twin, made = Path(work) / "f32.gguf", quantise.Source(lib, path)
            made.write(quantise.FLOATS, twin)
            made.close()
            oracles = Oracle(lib, twin), Oracle(lib, path)
            vectors = list(recorded(prompts, *oracles))
            for oracle in oracles:
                oracle.close()
        files[name] = {"sha256": quantise.digest(path), "prompts": vectors}
        print(f"{name:8s} {path.stat().st_size} bytes, llama.cpp's CPU loses {lost(vectors):.5f}", flush=True)
    about = f"{llama_cpp.PEER} {llama_cpp.VERSION}; tools/golden/quantised_vectors.py says what is what"
    lines = [f"{json.dumps(name)}: {json.dumps(file, separators=(',', ':'))}" for name, file in files.items()]
    quantise.VECTORS.write_text(f'{{"about": {json.dumps(about)}, "files": {{\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
