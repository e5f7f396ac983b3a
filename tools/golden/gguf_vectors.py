#!/usr/bin/env python3
"""Makes the golden vectors of Tests/GGUFTests/Resources with the reference implementation, PyPI `gguf` 0.19, and
llama.cpp's own encoders in PyPI `xllamacpp`.

    python3 tools/golden/gguf_vectors.py Tests/GGUFTests/Resources

`vectors.gguf` holds random and extreme rows, `input` (F32), and for each tensor type T the tensors `quantized.T` (what
the reference's quantiser makes of them, stored as T) and `dequantized.T` (what its dequantiser makes of that, F32).
`kquants.gguf` holds the same for the types that only llama.cpp can write, its `input` rows first; in the rows behind
them the blocks hold random bits.
`metadata.gguf` holds one metadata value of every type, arrays of all of them, and an alignment of 64.
`parts-0000N-of-00003.gguf` are one model with the tensors `tensor.I`, whose values count on from 8 I.
"""
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFValueType as Value
from gguf.quants import dequantize, quantize

sys.path.insert(0, str(Path(__file__).parents[1]))
import llama_cpp  # noqa: E402

LLAMA = llama_cpp.library()
WIDTH = 64
TYPES = [Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0]
# The type, and where its blocks have halves: random ones would rarely be numbers of use.
HALVES = {
    Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0],
    Type.IQ4_XS: [0], Type.MXFP4: [],
}  # fmt: skip


def rows() -> np.ndarray:
    random = np.random.default_rng(20240611)
    ramp = np.linspace(-1, 1, WIDTH)
    spiked = random.normal(0, 1, WIDTH)
    spiked[[0, 40]] = [1e4, -1e4]
    infinite = random.normal(0, 1, WIDTH)
    infinite[[5, 50]] = [np.inf, -np.inf]
    undefined = random.normal(0, 1, WIDTH)
    undefined[[5, 50]] = np.nan
    tied = np.tile([2.0, -2.0], WIDTH // 2)
    halves = np.arange(WIDTH) / 2 - 16
    half_ulps = 1 + np.arange(WIDTH) * 2.0**-12
    edges = [
        np.zeros(WIDTH), -np.zeros(WIDTH), np.ones(WIDTH), -np.ones(WIDTH), ramp, -ramp, tied, -tied, halves, half_ulps,
        spiked, infinite, undefined, ramp * 1e30, ramp * 3e38, ramp * 65519, ramp * 65520, ramp * 6.1e-5, ramp * 6e-8,
        ramp * 1e-20, ramp * 2e-38, ramp * 1e-40, np.full(WIDTH, 1e-45), np.abs(ramp) + 100,
    ]  # fmt: skip
    drawn = [random.normal(0, scale, WIDTH) for scale in (1e-3, 0.02, 0.02, 0.02, 1, 1, 1, 50, 1e4)]
    drawn += [random.uniform(-1, 1, WIDTH), random.standard_cauchy(WIDTH), random.integers(-9, 9, WIDTH)]
    return np.array(edges + drawn).astype(np.float32)


def vectors(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "vectors")
    data = rows()
    writer.add_tensor("input", data)
    for type in TYPES:
        packed = quantize(data.copy(), type)
        writer.add_tensor(f"quantized.{type.name}", packed, raw_dtype=type)
        writer.add_tensor(f"dequantized.{type.name}", dequantize(packed, type))
    finish(writer)


def encoded(rows: np.ndarray, type: Type) -> np.ndarray:
    """What llama.cpp makes of rows, without an importance matrix."""
    block, size = gguf.GGML_QUANT_SIZES[type]
    result = np.zeros((rows.shape[0], rows.shape[1] // block * size), np.uint8)
    written = LLAMA.ggml_quantize_chunk(int(type), rows.ctypes.data, result.ctypes.data, 0, *rows.shape, None)
    assert written == result.size
    return result


def k_quants(path: Path) -> None:
    random = np.random.default_rng(20260131)
    ramp = np.linspace(-1, 1, 256)
    rows = [
        random.normal(0, 0.02, 256), random.normal(0, 1, 256), random.standard_cauchy(256), ramp, np.abs(ramp) + 3,
        -np.abs(ramp) - 3, np.zeros(256), random.normal(0, 1e-6, 256), random.normal(0, 0.02, 256) * (ramp > 0),
    ]  # fmt: skip
    data = np.ascontiguousarray(np.array(rows), np.float32)
    writer = gguf.GGUFWriter(path, "vectors")
    writer.add_tensor("input", data)
    for type, halves in HALVES.items():
        block, size = gguf.GGML_QUANT_SIZES[type]
        bits = random.integers(0, 256, (4 * 256 // block, size), np.uint8)
        for offset in halves:
            bits[:, offset : offset + 2] = random.normal(0, 1, (len(bits), 1)).astype(np.float16).view(np.uint8)
        packed = np.concatenate([encoded(data, type), bits.reshape(4, -1)])
        writer.add_tensor(f"quantized.{type.name}", packed, raw_dtype=type)
        writer.add_tensor(f"dequantized.{type.name}", dequantize(packed, type))
    finish(writer)


def metadata(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "metadata")
    writer.add_custom_alignment(64)
    scalars = {
        Value.UINT8: 255, Value.INT8: -128, Value.UINT16: 65535, Value.INT16: -32768, Value.UINT32: 2**32 - 1,
        Value.INT32: -(2**31), Value.FLOAT32: 0.5, Value.BOOL: True, Value.STRING: "Grüße, 世界 🙂",
        Value.UINT64: 2**64 - 1, Value.INT64: -(2**63), Value.FLOAT64: 0.1,
    }  # fmt: skip
    for type, value in scalars.items():
        writer.add_key_value(f"scalar.{type.name.lower()}", value, type)
        zero = {Value.STRING: "", Value.BOOL: False}.get(type, 0)
        writer.add_key_value(f"array.{type.name.lower()}", [value, zero], Value.ARRAY, sub_type=type)
    writer.add_key_value("array.array", [[1, 2], [3]], Value.ARRAY)
    writer.add_tensor("vector", np.arange(5, dtype=np.float32))
    writer.add_tensor("cube", np.arange(24, dtype=np.float16).reshape(2, 3, 4))
    finish(writer)


def parts(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "parts", split_max_tensors=2)
    writer.add_name("In three parts")
    for index in range(5):
        writer.add_tensor(f"tensor.{index}", np.arange(8, dtype=np.float32) + 8 * index)
    finish(writer)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    np.seterr(all="ignore")
    folder = Path(sys.argv[1])
    vectors(folder / "vectors.gguf")
    k_quants(folder / "kquants.gguf")
    metadata(folder / "metadata.gguf")
    parts(folder / "parts.gguf")
