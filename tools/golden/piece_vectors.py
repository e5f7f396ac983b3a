#!/usr/bin/env python3
"""Writes what SentencePiece and Hugging Face's WordPiece make of the texts of splits.json with real vocabularies.

usage: piece_vectors.py FOLDER        (needs PyPI gguf, sentencepiece, protobuf, tokenizers)

FOLDER has splits.json; the vocabularies are those that `tools/setup --clients` fetches.
"""
import json
import os
import pathlib
import sys

import gguf
import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2 as model

CACHE = pathlib.Path(os.environ.get("WEFT_CACHE", os.path.expanduser("~/.cache/weft")))


def vocabulary(name):
    reader = gguf.GGUFReader(CACHE / "vocabularies" / f"ggml-vocab-{name}.gguf")

    def value(key, default=None):
        field = reader.get_field("tokenizer.ggml." + key)
        return default if field is None else field.contents()
    return value


def pieces(name, kind, charsmap=b"", squeezes=False):
    value = vocabulary(name)
    proto = model.ModelProto()
    for token, score, token_type in zip(value("tokens"), value("scores"), value("token_type")):
        proto.pieces.add(piece=token, score=score, type=token_type)
    proto.trainer_spec.model_type = kind
    proto.trainer_spec.byte_fallback = 6 in value("token_type")
    proto.normalizer_spec.precompiled_charsmap = charsmap
    proto.normalizer_spec.add_dummy_prefix = value("add_space_prefix", True)
    proto.normalizer_spec.remove_extra_whitespaces = squeezes
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    return processor.encode


def words(name):
    value = vocabulary(name)
    plain = {}
    for index, (token, token_type) in enumerate(zip(value("tokens"), value("token_type"))):
        plain[token if token_type == 3 else token[1:] if token[0] == "\u2581" else "##" + token] = index
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(
        plain, unk_token="[UNK]", max_input_chars_per_word=1 << 20))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


folder = pathlib.Path(sys.argv[1])
texts = [vector["text"] for vector in json.loads(folder.joinpath("splits.json").read_text())]
charsmap = bytes(vocabulary("nomic-bert-moe")("precompiled_charsmap"))
encoders = {
    "llama-spm": pieces("llama-spm", model.TrainerSpec.BPE),
    "nomic-bert-moe": pieces("nomic-bert-moe", model.TrainerSpec.UNIGRAM, charsmap, squeezes=True),
    "bert-bge": words("bert-bge"),
}
vectors = {name: [encode(text) for text in texts] for name, encode in encoders.items()}
folder.joinpath("pieces.json").write_text(
    "{" + ",\n".join(f'"{name}":' + json.dumps(vectors[name], separators=(",", ":")) for name in vectors) + "}\n")
