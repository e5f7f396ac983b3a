"""llama.cpp's C interface as PyPI `xllamacpp` has it, prebuilt: its extension module exports all of it."""
import ctypes
import glob
import os


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
    """The library with the types of what is called here; `log` gets what it says."""
    import xllamacpp
    lib = ctypes.CDLL(glob.glob(f"{os.path.dirname(xllamacpp.__file__)}/xllamacpp*.so")[0])
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
            ("ggml_quantize_chunk", ctypes.c_size_t, [ctypes.c_int, pointer, pointer, count, count, count, pointer])]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    # Kept with the library, which calls it.
    lib.log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, pointer)(
        lambda level, text, user: log(text.decode(errors="replace")))
    lib.llama_log_set(lib.log, None)
    lib.llama_backend_init()
    return lib
