#!/usr/bin/env python3
"""Makes the golden vectors of Tests/GGUFTests/Resources with the reference implementation, PyPI `gguf` 0.19.

    python3 tools/golden/gguf_vectors.py Tests/GGUFTests/Resources

`vectors.gguf` holds random and extreme rows, `input` (F32), and for each tensor type T the tensors `quantized.T` (what
the reference's quantiser makes of them, stored as T) and `dequantized.T` (what its dequantiser makes of that, F32).
`metadata.gguf` holds one metadata value of every type, arrays of all of them, and an alignment of 64.
"""
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFValueType as Value
from gguf.quants import dequantize, quantize

WIDTH = 64
TYPES = [Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0]


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


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    np.seterr(all="ignore")
    folder = Path(sys.argv[1])
    vectors(folder / "vectors.gguf")
    metadata(folder / "metadata.gguf")
