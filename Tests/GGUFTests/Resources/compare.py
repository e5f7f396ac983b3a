"""Exits with an error unless every matrix of each converted file is what PyPI `gguf` makes of the source's.

    python3 compare.py SOURCE CONVERTED...
"""
import sys

import numpy as np
from gguf import GGUFReader
from gguf.quants import quantize

source = {tensor.name: tensor.data for tensor in GGUFReader(sys.argv[1]).tensors}
for path in sys.argv[2:]:
    for tensor in GGUFReader(path).tensors:
        expected = quantize(source[tensor.name].copy(), tensor.tensor_type)
        if not np.array_equal(expected.view(np.uint8), tensor.data.view(np.uint8)):
            sys.exit(f"{path}: {tensor.name} differs")
