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

CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + SPACES
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTIONS + "?"
         + r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTIONS + "?")
GPT4O = CASED + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES
KIMI = (r"[\p{Han}]+|" + CASED.replace(r"\p{M}]", r"\p{M}&&[^\p{Han}]]")
        + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES)
MARKED = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
          + r"| ?[\p{P}\p{S}]+[\r\n]*" + SPACES)
DEEPSEEK_LETTERS = (r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ"
    r"ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛ"
    r"Ꜣ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+")
DEEPSEEK_MARKS = r"\s?[!-/:-~！-／：-～‘-‟　-。]+"
DEEPSEEK_HAN = "[一-龥ࠀ-一가-퟿]+"
ASIAN = (r"[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+")
YOUTU = (r"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+")
BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"

# For each rule the patterns that cut one after the other: what matches is a word, and so is what lies between.
PATTERNS = {
    "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "llama-bpe": [LLAMA3],
    "qwen2": [QWEN2],
    "qwen35": [QWEN35],
    "gpt-4o": [GPT4O],
    "tekken": [GPT4O.replace(CONTRACTIONS + "?", "").replace(r"\p{N}{1,3}", r"\p{N}")],
    "deepseek-v3": [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", MARKED],
    "deepseek-llm": [r"[\r\n]", DEEPSEEK_LETTERS, DEEPSEEK_MARKS, r"\s+$", DEEPSEEK_HAN, r"\p{N}+"],
    "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", DEEPSEEK_HAN, r"\p{N}"],
    "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"],
    "kimi-k2": [KIMI],
    "seed-coder": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + SPACES],
    "exaone-moe": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
                   + r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"],
    # The model has \b at the end, which to its engine, Oniguruma, is no border beside these.
    "tiny_aya": [r"\d{1,3}(?=(?:\d{3})*(?![\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}]))", GPT4O],
    "superbpe": [r"\p{N}+", r"\d{1,3}(?=(?:\d{3})*(?!\d))"],
    "afmoe": [r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))", ASIAN, MARKED],
    "youtu": [YOUTU, GPT4O.replace(r"\p{N}{1,3}", r"\p{N}")],
    "bloom": [BLOOM],
    "viking": [BLOOM, r"\p{N}"],
    "gemma4": [r"[^\n]+|[\n]+"],
}

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
    "HTTPServer parseJSON iPhone XMLHttpRequest ÉCOLEÉcole ǅabc ʰX", "中文ABCabc漢字かなカナABC 한글ABC", "a b c  d\u0301 e",
    "1234567 12345a 1234_ 123456789012 ١٢٣٤٥ 12½34", "a/b//c/\r\n/", "...\n\n/x ..!/\n", "word।word، word。word…word",
    "!abc ?abc #abc\u0301 \u0301abc .5", "\u00a0\u00a0x\u3000y \t z", "ab\n\n\ncd\n", "≥5 ±3 §4 a¬b", "⺀〇〡㐀豈𠀀",
]
ALPHABET = ["a", "Z", "é", "語", "ß", "'s", "'LL", "'", "1", "23", "½", "٣", " ", "  ", "\n", "\r", "\t", "\u00a0", "\u3000",
            "A", "Bc", "/", "中", "1234", ".", "!", "_", "\u0301", "\u200d", "👩", "🚀", "\x00", "\x1c", "\x85", "’", "<|x|>"]


def cut(text, pattern):
    words, start = [], 0
    for match in regex.finditer(pattern, text, regex.V1):
        if match.end() > match.start():
            words += [text[start:match.start()], match.group()]
            start = match.end()
    return [word for word in words + [text[start:]] if word]


def words(text, patterns):
    pieces = [text] if text else []
    for pattern in patterns:
        pieces = [word for piece in pieces for word in cut(piece, pattern)]
    return pieces


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
vectors = [{"text": text, "bytes": {name: [len(word.encode()) for word in words(text, patterns)]
                                    for name, patterns in PATTERNS.items()}} for text in texts]
directory = pathlib.Path(sys.argv[1])
directory.joinpath("splits.json").write_text(
    "[" + ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors) + "]\n")
directory.joinpath("scalar-classes.json").write_text(json.dumps(classes(), separators=(",", ":")) + "\n")
