#!/usr/bin/env python3
"""Writes the vocabulary of a GGUF file as plain text: tokens and merges, a line each, and the rest as JSON.

usage: vocabulary.py MODEL.gguf OUTPUT_DIRECTORY NAME        (needs PyPI gguf)
"""
import json
import pathlib
import sys

from gguf import GGUFReader

model, directory, name = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
fields = {key: field.contents() for key, field in GGUFReader(model).fields.items() if key.startswith("tokenizer.")}
tokens, merges = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.merges"]
assert not any("\n" in text for text in tokens + merges)
rest = {
    "model": fields["tokenizer.ggml.model"],
    "pre": fields["tokenizer.ggml.pre"],
    "beginningOfText": fields["tokenizer.ggml.bos_token_id"],
    "endOfText": fields["tokenizer.ggml.eos_token_id"],
    "unknown": fields["tokenizer.ggml.unknown_token_id"],
    "padding": fields["tokenizer.ggml.padding_token_id"],
    "addsBeginning": fields["tokenizer.ggml.add_bos_token"],
    "control": [token for token, kind in enumerate(fields["tokenizer.ggml.token_type"]) if kind == 3],
    "chatTemplate": fields["tokenizer.chat_template"],
}
directory.joinpath(f"{name}-tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
directory.joinpath(f"{name}-merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
directory.joinpath(f"{name}-vocabulary.json").write_text(json.dumps(rest, indent=1, ensure_ascii=False) + "\n")
