#!/usr/bin/env python3
"""Writes how the pre-tokenizers' regular expressions cut nasty texts, and the classes of all scalars.

usage: split_vectors.py OUTPUT_DIRECTORY        (needs PyPI regex)

The expressions are those of the models' tokenizer.json; contractions are spelt out as llama.cpp has them, so that the long s is no s.
"""
import itertools
import json
import pathlib
import random
import sys

import regex

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
LLAMA3 = (CONTRACTIONS
          + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

TEXTS = [
    "", " ", "  ", "   ", "\n", "\r\n", "\n\n\n", "\t", "\t\t", " \n", "\n ", " \n \n  x", "x  ", "x \n", "x\n\n  y",
    "Hello, world!", "Hello  world   again", "    def f(x):\n\treturn x  \n\n\n", "a\tb\t\tc", "trailing   ",
    "I'm you're he's we'll they've I'd can't", "I'M YOU'RE HE'S WE'LL THEY'VE I'D CAN'T", "'s't're've'm'll'd",
    "'S'T'RE'VE'M'LL'D", "'r'v'l", "''s", "'sup 'twas 'Re 're", "don’t it’s", "'ſ x'ſ 'K", "o'clock rock'n'roll",
    "1234567890", "1 22 333 4444 55555", "3.14159 2,718,281 0xDEADBEEF 1e-9", "a1b22c333d", " 1  2   3", "x 1 y  22",
    "½ ² ³ ¼ Ⅳ ⅷ ① ٣٤٥ १२३ 〇 一二三 𝟙𝟚", "v1.2.3-rc4", "$100.00 €50 £20 ¥1000", "100% #1 @2 &3",
    "日本語のテキスト", "中文,文本。 标点！", "한국어 텍스트", "ไทย ภาษา", "Привет, мир!", "שלום עולם", "مرحبا بالعالم ١٢٣",
    "हिन्दी पाठ", "தமிழ் உரை", "e\u0301 combining vs é", "n\u0303o\u0308 a\u0300\u0301", "\u0301 alone", "क्‍ष",
    "👩‍👩‍👧‍👦 family", "🚀🌍", "👍🏽 ok", "🇩🇪🇫🇷", "❤️ ☎️ ©®™", "a👩‍💻b", " 🚀 x",
    "\u200bzero\u200dwidth\ufeff", "\u00a0nbsp\u00a0 x", "\u2003em \u2009thin\u3000ideographic", "\u2028line\u2029para",
    "\x00\x01\x1c\x1d\x1e\x1f\x7f\x85x", "\x0b\x0c v f", "...!!!???", "foo...bar", " ...\n\n", "!!\r\n\r\nx", "(\n)\n",
    "https://example.com/path?q=1&r=2#frag", "snake_case camelCase kebab-case", "<|im_start|>user\n", "a" * 50, "=" * 50,
    "ÀÉÎÕÜ ß œ æ ø å ǅ ʰ ª º", "𝒜𝓁𝓅𝒽𝒶 𐍈 𠀀", "\ud7ff\ue000\uffff", "\U0010ffff", "mixed\u0660\u0966x", "a\u0300'sb",
]
ALPHABET = ["a", "Z", "é", "語", "ß", "'s", "'LL", "'", "1", "23", "½", "٣", " ", "  ", "\n", "\r", "\t", "\u00a0", "\u3000",
            ".", "!", "_", "\u0301", "\u200d", "👩", "🚀", "\x00", "\x1c", "\x85", "’", "<|x|>"]


def smollm(text):
    pieces = (piece for piece in regex.split(r"(\p{N})", text) if piece)
    return list(itertools.chain.from_iterable(regex.findall(GPT2, piece) for piece in pieces))


RULES = {
    "gpt-2": lambda text: regex.findall(GPT2, text),
    "smollm": smollm,
    "llama-bpe": lambda text: regex.findall(LLAMA3, text),
    "qwen2": lambda text: regex.findall(QWEN2, text),
}


def classes():
    """Runs of scalars of one class: [first, last, class]."""
    runs = []
    for value in itertools.chain(range(0xD800), range(0xE000, 0x110000)):
        scalar = chr(value)
        kind = next((name for name, pattern in (("L", r"\p{L}"), ("N", r"\p{N}"), ("s", r"\s"))
                     if regex.match(pattern, scalar)), None)
        if runs and runs[-1][2] == kind and runs[-1][1] == value - 1:
            runs[-1][1] = value
        else:
            runs.append([value, value, kind])
    return [run for run in runs if run[2]]


random.seed(20250101)
texts = TEXTS + ["".join(random.choices(ALPHABET, k=random.randint(2, 24))) for _ in range(300)]
vectors = [{"text": text, "words": {name: rule(text) for name, rule in RULES.items()}} for text in texts]
for vector in vectors:
    assert all("".join(words) == vector["text"] for words in vector["words"].values())
directory = pathlib.Path(sys.argv[1])
directory.joinpath("splits.json").write_text(json.dumps(vectors, indent=0) + "\n")
directory.joinpath("scalar-classes.json").write_text(json.dumps(classes(), separators=(",", ":")) + "\n")
