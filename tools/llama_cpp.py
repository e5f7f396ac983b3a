"""llama.cpp's C interface as PyPI `xllamacpp` has it, prebuilt: its extension module exports nearly all of it."""
import ctypes
import glob
import os
import subprocess
import sys

# The version that golden vectors were recorded with, and that tools compare with.
PEER = "xllamacpp"
VERSION = "2026.10.11549"
F32 = 0


class Params(ctypes.Structure):
    """Larger than any version's parameters, which are passed by value and but for a few left as they are."""
    _fields_ = [("words", ctypes.c_int32 * 128)]


class Batch(ctypes.Structure):
    _fields_ = [
        ("n", ctypes.c_int32), ("token", ctypes.POINTER(ctypes.c_int32)), ("embd", ctypes.c_void_p),
        ("pos", ctypes.POINTER(ctypes.c_int32)), ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))), ("logits", ctypes.POINTER(ctypes.c_int8))]

    def put(self, tokens):
        """Tokens as (sequence, position, token, wants a result)."""
        self.n = len(tokens)
        for index, (sequence, position, token, wanted) in enumerate(tokens):
            self.token[index], self.pos[index], self.logits[index] = token, position, wanted
            self.n_seq_id[index], self.seq_id[index][0] = 1, sequence


def library(log=lambda text: None):
    """The library with the types of what is called here; `log` gets what it says. LLAMA_CPP_LIBRARY may name another
    build of it, a libllama.so."""
    path = os.environ.get("LLAMA_CPP_LIBRARY")
    if not path:
        import xllamacpp
        path = glob.glob(f"{os.path.dirname(xllamacpp.__file__)}/xllamacpp*.so")[0]
    lib = ctypes.CDLL(path)
    pointer, number, floats = ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_float)
    count = ctypes.c_int64
    for name, result, arguments in [
            ("llama_model_default_params", Params, []), ("llama_context_default_params", Params, []),
            ("llama_model_load_from_file", pointer, [ctypes.c_char_p, Params]), ("llama_model_free", None, [pointer]),
            ("llama_init_from_model", pointer, [pointer, Params]), ("llama_free", None, [pointer]),
            ("llama_batch_init", Batch, [number] * 3), ("llama_batch_free", None, [Batch]),
            ("llama_decode", number, [pointer, Batch]), ("llama_get_memory", pointer, [pointer]),
            ("llama_memory_clear", None, [pointer, ctypes.c_bool]), ("llama_n_seq_max", number, [pointer]),
            ("llama_set_n_threads", None, [pointer, number, number]), ("llama_synchronize", None, [pointer]),
            ("llama_set_embeddings", None, [pointer, ctypes.c_bool]),
            ("llama_get_logits_ith", floats, [pointer, number]),
            ("llama_get_embeddings_ith", floats, [pointer, number]),
            ("llama_get_embeddings_seq", floats, [pointer, number]),
            ("llama_model_get_vocab", pointer, [pointer]), ("llama_vocab_n_tokens", number, [pointer]),
            ("ggml_quantize_chunk", ctypes.c_size_t, [ctypes.c_int, pointer, pointer, count, count, count, pointer])]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    # Kept with the library, which calls it.
    lib.log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, pointer)(
        lambda level, text, user: log(text.decode(errors="replace")))
    lib.llama_log_set(lib.log, None)
    lib.llama_backend_init()
    return lib


def exact_context(lib, model, tokens, pooling=None):
    """Room for that many tokens of one sequence: one thread, keys and values in floats, without flash attention, which
    would round to halves. Embeds with a pooling (0: none), or else gives logits. None where llama.cpp refuses."""
    params = lib.llama_context_default_params()
    words = params.words
    words[0:3] = [tokens] * 3
    # Structures differ between versions, but four enumerations that are -1 (rope scaling, pooling, attention, flash
    # attention) and two that are 1 (the types of keys and values, F16) stand in this order in all.
    kinds = next(i for i in range(60) if words[i : i + 4] == [-1] * 4)
    types = next(i for i in range(kinds + 4, 60) if words[i : i + 2] == [1] * 2)
    words[kinds + 3], words[types : types + 2] = 0, [F32] * 2
    if pooling is not None:
        words[kinds + 1] = pooling
    context = lib.llama_init_from_model(model, params)
    if context:
        lib.llama_set_n_threads(context, 1, 1)
        lib.llama_set_embeddings(context, pooling is not None)
    return context


def environment(cache):
    """The program of a Python of its own that has the peer: its packages are not those of the tests."""
    python = f"{cache}/peers/bin/python"
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", f"{cache}/peers"], check=True)
    found = subprocess.run([python, "-c", f"import importlib.metadata as m; print(m.version('{PEER}'))"],
                           capture_output=True, text=True).stdout.strip()
    if found != VERSION:
        print(f"==> installing {PEER} {VERSION}", file=sys.stderr, flush=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{PEER}=={VERSION}"]
        if subprocess.run(command).returncode:
            raise SystemExit(f"error: pip could not install {PEER} {VERSION}")
    return python
