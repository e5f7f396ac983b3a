#!/usr/bin/env python3
"""Makes the real model in types that users have, byte by byte what `llama-quantize` makes of it.

    tools/quantise.py FOLDER [NAME...]    NAME is one of Q4_K_M, Q5_K_M, Q6_K, Q3_K_M, IQ4_XS; all five without one

FOLDER has the Q4_1 model, and gets `SmolLM2-135M-Instruct-NAME.gguf`; what is there and right is left alone. PyPI's
`xllamacpp` has llama.cpp's own encoders, but not `llama_model_quantize`. What that chooses is said here for this model
alone: 30 layers, three heads of queries a head of keys, embedding and output in one, no importance matrix. All five
files were compared with those that `llama_model_quantize` of llama.cpp 0ce8cd1 made: not a byte differs.

A file whose SHA-256 is not the one that was recorded with its logits is no use to tests, and is not kept. The encoders
are C code without kernels of their own for a CPU, and gave the same bytes on every run.
"""
import argparse
import concurrent.futures
import ctypes
import hashlib
import json
import os
import re
import sys
from pathlib import Path

import llama_cpp

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT / "Tests/Conformance/Resources/quantised.json"
MODEL = "SmolLM2-135M-Instruct"
ORIGINAL = "smollm2-135m-q4_1.gguf"
# `ggml_type`, and values in a block.
TYPES = {
    "F32": (0, 1), "Q4_0": (2, 32), "Q5_0": (6, 32), "Q5_1": (7, 32), "Q8_0": (8, 32), "Q3_K": (11, 256),
    "Q4_K": (12, 256), "Q5_K": (13, 256), "Q6_K": (14, 256), "IQ4_NL": (20, 32), "IQ4_XS": (23, 256),
}  # fmt: skip
# What stands in for blocks of 256 in rows that are no multiple of it.
SMALLER = {"Q3_K": "Q4_0", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "IQ4_XS": "IQ4_NL"}


def is_spared(layer, layers):
    """Whether a layer gets more bits than others: the first and last eighth, and every third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def spared(part, layer, layers):
    return "Q6_K" if part in ("attn_v", "ffn_down") and is_spared(layer, layers) else None


def three_bits(part, layer, layers):
    few = {"attn_v": 2, "ffn_down": layers // 16}
    if part in few:
        return "Q5_K" if layer < few[part] else "Q4_K"
    return "Q4_K" if part == "attn_output" else None


def four_bits(part, layer, layers):
    return "Q5_K" if part == "ffn_down" and layer < layers // 8 else None


# The `llama_ftype`, the type of most matrices, and what others get by their name, layer and the number of layers.
MIXTURES = {
    "Q4_K_M": (15, "Q4_K", spared),
    "Q5_K_M": (17, "Q5_K", spared),
    "Q6_K": (18, "Q6_K", lambda part, layer, layers: None),
    "Q3_K_M": (12, "Q3_K", three_bits),
    "IQ4_XS": (30, "IQ4_XS", four_bits),
}  # fmt: skip
FLOATS = (0, "F32", lambda part, layer, layers: None)


def layer_of(name):
    match = re.match(r"blk\.(\d+)\.", name)
    return int(match[1]) if match else -1


def chosen(mixture, name, width, layers):
    """The type of a tensor."""
    _, common, other = mixture
    if "norm" in name or common == "F32":
        return "F32"
    type = "Q6_K" if layer_of(name) < 0 else other(name.split(".")[-2], layer_of(name), layers) or common
    return SMALLER[type] if width % TYPES[type][1] else type


class Parameters(ctypes.Structure):
    """`gguf_init_params`"""
    _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.POINTER(ctypes.c_void_p))]


def library():
    lib = llama_cpp.library()
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
    for name, result, arguments in [
            ("gguf_init_from_file", pointer, [text, Parameters]), ("gguf_init_empty", pointer, []),
            ("gguf_free", None, [pointer]), ("gguf_set_kv", None, [pointer, pointer]),
            ("gguf_set_val_u32", None, [pointer, text, ctypes.c_uint32]), ("gguf_find_key", number, [pointer, text]),
            ("gguf_get_val_u32", ctypes.c_uint32, [pointer, number]), ("gguf_get_n_tensors", number, [pointer]),
            ("gguf_get_tensor_name", text, [pointer, number]), ("gguf_add_tensor", None, [pointer, pointer]),
            ("gguf_get_tensor_ne", ctypes.POINTER(number), [pointer, number]),
            ("gguf_get_tensor_type", ctypes.c_int, [pointer, number]),
            ("gguf_set_tensor_type", None, [pointer, text, ctypes.c_int]),
            ("gguf_set_tensor_data", None, [pointer, text, pointer]),
            ("gguf_write_to_file", ctypes.c_bool, [pointer, text, ctypes.c_bool]),
            ("ggml_get_tensor", pointer, [pointer, text]), ("ggml_get_data", pointer, [pointer]),
            ("ggml_row_size", ctypes.c_size_t, [ctypes.c_int, number]), ("ggml_type_name", text, [ctypes.c_int]),
            ("ggml_free", None, [pointer])]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class Source:
    """A model whose tensors are in memory."""

    def __init__(self, lib, path):
        self.lib, self.context = lib, ctypes.c_void_p()
        self.file = lib.gguf_init_from_file(str(path).encode(), Parameters(False, ctypes.pointer(self.context)))
        if not self.file:
            raise SystemExit(f"llama.cpp cannot read {path}")
        self.layers = lib.gguf_get_val_u32(self.file, lib.gguf_find_key(self.file, b"llama.block_count"))
        self.names = [lib.gguf_get_tensor_name(self.file, i).decode() for i in range(lib.gguf_get_n_tensors(self.file))]

    def write(self, mixture, path):
        lib, out = self.lib, self.lib.gguf_init_empty()
        lib.gguf_set_kv(out, self.file)
        lib.gguf_set_val_u32(out, b"general.file_type", mixture[0])
        # In llama.cpp's order; the data must last until it is written.
        order = sorted(range(len(self.names)), key=lambda index: (layer_of(self.names[index]), self.names[index]))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            data = list(pool.map(lambda index: self.encoded(mixture, index), order))
        for index, (type, bytes) in zip(order, data):
            name = self.names[index].encode()
            lib.gguf_add_tensor(out, lib.ggml_get_tensor(self.context, name))
            lib.gguf_set_tensor_type(out, name, type)
            lib.gguf_set_tensor_data(out, name, bytes)
        if not lib.gguf_write_to_file(out, str(path).encode(), False):
            raise SystemExit(f"llama.cpp cannot write {path}")
        lib.gguf_free(out)

    def encoded(self, mixture, index):
        """A tensor's type and bytes."""
        lib, name, shape = self.lib, self.names[index], self.lib.gguf_get_tensor_ne(self.file, index)
        old, width, rows = lib.gguf_get_tensor_type(self.file, index), shape[0], shape[1] * shape[2] * shape[3]
        data = lib.ggml_get_data(lib.ggml_get_tensor(self.context, name.encode()))
        new = TYPES[chosen(mixture, name, width, self.layers)][0]
        if old == new == llama_cpp.F32:
            return new, data
        floats = (ctypes.c_float * (rows * width))()
        decode = getattr(lib, f"dequantize_row_{lib.ggml_type_name(old).decode()}")
        decode(ctypes.c_void_p(data), floats, ctypes.c_int64(rows * width))
        if new == llama_cpp.F32:
            return new, ctypes.cast(floats, ctypes.c_void_p)
        result = ctypes.create_string_buffer(rows * lib.ggml_row_size(new, width))
        if lib.ggml_quantize_chunk(new, floats, result, 0, rows, width, None) != len(result):
            raise SystemExit(f"llama.cpp cannot encode {name}")
        return new, ctypes.cast(result, ctypes.c_void_p)

    def close(self):
        self.lib.gguf_free(self.file)
        self.lib.ggml_free(self.context)


def path_of(folder, name):
    return Path(folder) / f"{MODEL}-{name}.gguf"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def enter_environment(folder):
    """Goes on in the Python that has llama.cpp, beside the folder of models."""
    cache = Path(folder).resolve().parent
    if Path(sys.prefix) != cache / "peers":
        python = llama_cpp.environment(cache)
        os.execv(python, [python, *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", default=list(MIXTURES), metavar="NAME")
    options = parser.parse_args()
    unknown = set(options.names) - set(MIXTURES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(MIXTURES)}")
    recorded = {name: file["sha256"] for name, file in json.loads(VECTORS.read_text())["files"].items()}
    paths = {name: path_of(options.folder, name) for name in options.names}
    missing = [name for name, path in paths.items() if not path.exists() or digest(path) != recorded[name]]
    if not missing:
        return
    for name in missing:
        paths[name].unlink(missing_ok=True)
    enter_environment(options.folder)
    source, others = Source(library(), Path(options.folder) / ORIGINAL), []
    for name in missing:
        print(f"==> quantising {MODEL} to {name}", file=sys.stderr, flush=True)
        partial = paths[name].with_suffix(".partial")
        source.write(MIXTURES[name], partial)
        if digest(partial) == recorded[name]:
            partial.replace(paths[name])
        else:
            partial.unlink()
            others.append(name)
    if others:
        raise SystemExit(f"error: {', '.join(others)}: llama.cpp's encoders give other bytes here than when logits "
                         "were recorded; tools/golden/quantised_vectors.py records them anew")


if __name__ == "__main__":
    main()
