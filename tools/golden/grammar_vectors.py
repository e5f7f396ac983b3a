#!/usr/bin/env python3
"""Writes what llguidance allows after each byte of seeded random walks through grammars of all kinds.

usage: grammar_vectors.py OUTPUT.json        (needs PyPI llguidance 1.9)

A walk takes bytes that llguidance allows, and records after each which may follow (256 stands for the end). JSON is
without spaces between its parts, as their number is bounded in Weft. `refused` are sources that llguidance refuses too.
"""
import json
import pathlib
import random
import sys

from llguidance import LLMatcher, LLTokenizer, grammar_from
from llguidance._tokenizer import TokenizerWrapper

END = 256
WALKS = 12
LIMIT = 90


def obj(properties, required=None, **more):
    return {"type": "object", "properties": properties,
            "required": list(properties) if required is None else required, "additionalProperties": False, **more}


S, I, N, B = ({"type": t} for t in ("string", "integer", "number", "boolean"))
TREE = {"$ref": "#/$defs/node", "$defs": {"node": obj(
    {"value": I, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, ["value"])}}

SCHEMAS = {
    "string": S, "integer": I, "number": N, "boolean": B, "null": {"type": "null"}, "anything": True, "empty": {},
    "object": {"type": "object"}, "array": {"type": "array"},
    "two types": {"type": ["string", "null"]}, "number and integer": {"type": ["integer", "number"]},
    "person": obj({"name": S, "age": I, "is_student": B}),
    "optional": obj({"a": I, "b": B, "c": S}, []), "middle is required": obj({"a": I, "b": B, "c": I}, ["b"]),
    "first is required": obj({"a": I, "b": B, "c": I}, ["a"]), "last": obj({"a": I, "b": B, "c": I}, ["c"]),
    "nested": obj({"user": obj({"id": I, "tags": {"type": "array", "items": S}}), "ok": B}),
    "open object": {"type": "object", "properties": {"alpha": I, "alpine": B}, "required": ["alpha"]},
    "open with type": {"type": "object", "properties": {"x": I}, "additionalProperties": {"type": "boolean"}},
    "map": {"type": "object", "additionalProperties": I}, "closed": obj({}),
    "required elsewhere": {"type": "object", "properties": {"a": I}, "required": ["z", "a"],
                           "additionalProperties": {"type": "null"}},
    "escaped names": obj({'a"b': I, "c\\d": I, "é\n": I}),
    "similar names": {"type": "object", "properties": {"a": I, "ab": I, "b": I}, "additionalProperties": B},
    "integers": {"type": "array", "items": I}, "matrix": {"type": "array", "items": {"type": "array", "items": N}},
    "one to three": {"type": "array", "items": B, "minItems": 1, "maxItems": 3},
    "two at least": {"type": "array", "items": I, "minItems": 2}, "none": {"type": "array", "maxItems": 0},
    "two at most": {"type": "array", "items": S, "maxItems": 2},
    "tuple": {"type": "array", "prefixItems": [I, S], "items": False, "minItems": 2},
    "open tuple": {"type": "array", "prefixItems": [I, B], "items": {"type": "null"}, "minItems": 1},
    "enum": {"enum": ["red", "green", "grey", 7, 7.5, None, True, [1, "a"], {"k": {"v": 1}}]},
    "const": {"const": {"a": [1, 2, {"b": None}]}}, "const text": {"const": "tab\tquote\"é"},
    "enum of strings": {"type": "string", "enum": ["a", "ab", "abc"]},
    "any of": {"anyOf": [S, I, obj({"x": I})]}, "one of": {"oneOf": [{"type": "null"}, {"type": "array", "items": I}]},
    "any of objects": {"anyOf": [obj({"kind": {"const": "a"}, "x": I}), obj({"kind": {"const": "b"}, "y": S})]},
    "all of": {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 12}]},
    "all of objects": {"allOf": [{"type": "object", "properties": {"a": I}, "required": ["a"]},
                                 {"type": "object", "properties": {"b": B}, "required": ["b"]}]},
    "any of beside": {"type": "object", "properties": {"a": I}, "required": ["a"],
                      "anyOf": [{"properties": {"b": B}, "required": ["b"]}, {"properties": {"c": I}, "required": ["c"]}]},
    "tree": TREE,
    "list": {"$ref": "#/definitions/l", "definitions": {"l": {"anyOf": [{"type": "null"}, obj(
        {"head": I, "tail": {"$ref": "#/definitions/l"}})]}}},
    "whole schema": obj({"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}),
    "lengths": {"type": "string", "minLength": 2, "maxLength": 5}, "at least": {"type": "string", "minLength": 3},
    "at most": {"type": "string", "maxLength": 4}, "exactly": {"type": "string", "minLength": 3, "maxLength": 3},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{1,3}$"}, "loose pattern": {"type": "string", "pattern": "ab+"},
    "half anchored": {"type": "string", "pattern": "^id_"}, "other half": {"type": "string", "pattern": "[.]json$"},
    "alternatives": {"type": "string", "pattern": "^(foo|ba[rz])*$"}, "dots": {"type": "string", "pattern": "^.{2}$"},
    "quotes in pattern": {"type": "string", "pattern": "^\"\\\\?[\"a]$"},
    "not a": {"type": "string", "pattern": "^[^a]b?$"}, "words": {"type": "string", "pattern": "^\\w+( \\w+)?$"},
    "uuid": {"type": "string", "format": "uuid"}, "ipv4": {"type": "string", "format": "ipv4"},
    "date": {"type": "string", "format": "date"},
    "0 to 9": {**I, "minimum": 0, "maximum": 9}, "1 to 100": {**I, "minimum": 1, "maximum": 100},
    "-5 to 120": {**I, "minimum": -5, "maximum": 120}, "17 to 4321": {**I, "minimum": 17, "maximum": 4321},
    "natural": {**I, "minimum": 0}, "positive": {**I, "exclusiveMinimum": 0}, "above 1234": {**I, "minimum": 1234},
    "negative": {**I, "exclusiveMaximum": 0}, "below -17": {**I, "maximum": -17},
    "at most 250": {**I, "maximum": 250}, "-300 to -20": {**I, "minimum": -300, "maximum": -20},
    "share": {**N, "minimum": 0, "maximum": 1}, "open share": {**N, "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "0.5 to 10": {**N, "minimum": 0.5, "maximum": 10}, "-1.5 to 2.25": {**N, "minimum": -1.5, "maximum": 2.25},
    "0.125 to 0.75": {**N, "minimum": 0.125, "maximum": 0.75}, "from 3": {**N, "minimum": 3},
    "up to 7.5": {**N, "maximum": 7.5}, "above 0.05": {**N, "exclusiveMinimum": 0.05},
    "tool call": obj({"name": {"const": "get_weather"}, "arguments": obj(
        {"city": S, "unit": {"enum": ["celsius", "fahrenheit"]}, "days": {**I, "minimum": 1, "maximum": 14}},
        ["city"])}),
}
REGEXES = [
    "[a-z]+@[a-z]+\\.com", "(yes|no|maybe)", "\\d{3}-\\d{4}", "(a|b)*abb", "x{2,5}y?", "[^\\d\\s]{1,4}", "é|ü+|日本",
    "(foo(bar)?)+", "a.c", "\\[\\]\\(\\)\\.", "0x[0-9A-Fa-f]{1,8}", "[+-]?\\d+(\\.\\d+)?([eE][+-]?\\d+)?",
    "(a+)+b", "(?:ab|a)(?:bc|c)?", "[\\x41-\\x43\\u0394]", "\\w+\\s\\w+", "(a?){4}a{4}", "[😀-😅]{1,2}", "([ab]{2}){2,3}",
    "(a|ab)(c|bcd)d*", "[b-df-hj-np-tv-z]{2}", "\\$\\{[^}]*\\}", "a{0}b", "(|x)y", "-?[1-9]\\d{0,2}(,\\d{3})*",
]
CHOICES = [["yes", "no"], ["a", "ab", "abc", "b"], ["positive", "negative", "neutral"], ["日", "日本", "é"], [" x", "x"]]
GBNF = [
    'root ::= "yes" | "no"',
    'root ::= item+\nitem ::= "- " [a-z]+ "\\n"',
    'root ::= expr\nexpr ::= term ("+" term)*\nterm ::= [0-9] | "(" expr ")"',
    'root ::= "[" (num ("," num)*)? "]" # a list\nnum ::= [1-9] [0-9]{0,2}',
    'root ::= ( "a" | "b"\n  | "c" ) "\\x41" [^x\\n]',
    'root ::= move " " move\nmove ::= [NBKQR]? [a-h] [1-8] [+#]?',
    'root ::= "(" root? ")"',
]
REFUSED = {
    "schema": [{"type": "string", "format": "nothing"}, {"uniqueItems": True, "type": "array"}, {"type": "text"},
               {"type": "string", "pattern": "(?=a)b"}, {"type": "string", "pattern": "["}, {"$ref": "#/$defs/a"},
               {"type": "integer", "minimum": 5, "maximum": 3}, {"not": {"type": "string"}},
               {"type": "object", "required": "a"}, {"properties": 5}, {"anyOf": {}}],
    "regex": ["(", "[", "*", "a{3,1}", "(?<=a)b", "\\1", "[z-a]", "(?!a)b"],
    "gbnf": ["root ::= a", "a ::= \"x\"", "root ::= \"x", "root = \"x\"", "root ::= [a", "root ::= (\"x\""],
}


class Bytes:
    """A vocabulary of bytes."""
    eos_token_id, bos_token_id, special_token_ids = END, None, [END]
    tokens = [bytes([byte]) for byte in range(256)] + [b"<end>"]

    def __call__(self, text):
        return list(text if isinstance(text, bytes) else text.encode())


TOKENIZER = LLTokenizer(TokenizerWrapper(Bytes()))


def allowed(matcher):
    bits = matcher.compute_bitmask()
    return [token for token in range(END + 1) if bits[token // 8] >> (token % 8) & 1]


def ranges(tokens):
    """`61-7a,100` in hexadecimal."""
    parts = []
    for token in tokens:
        if parts and parts[-1][1] == token - 1:
            parts[-1][1] = token
        else:
            parts.append([token, token])
    return ",".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in parts)


def pick(chance, tokens):
    """A token that makes texts of some variety: mostly ASCII, not too long."""
    closing = [token for token in tokens if token == END or chr(token) in '"]},']
    if closing and chance.random() < 0.3:
        return chance.choice(closing)
    ascii_only = [token for token in tokens if token < 128]
    if ascii_only and chance.random() < 0.85:
        return chance.choice(ascii_only)
    return chance.choice(tokens)


def walk(grammar, chance, table):
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
    taken, steps = [], []
    while True:
        tokens = allowed(matcher)
        steps.append(table.setdefault(ranges(tokens), len(table)))
        token = pick(chance, tokens)
        if token == END or len(taken) == LIMIT:
            return {"text": bytes(taken).decode("latin-1"), "steps": steps}
        assert matcher.consume_token(token), matcher.get_error()
        taken.append(token)


def of_ascii(regex):
    """Weft's and JavaScript's classes, where Rust's are Unicode's."""
    for name, members in (("d", "0-9"), ("w", "0-9A-Za-z_"), ("s", "\\t-\\r ")):
        regex = regex.replace("[^\\" + name, "[^" + members).replace("\\" + name, "[" + members + "]")
    return regex.replace("[^0-9[\\t-\\r ]]", "[^0-9\\t-\\r ]")


def main(path):
    schemas = {name: LLMatcher.grammar_from_json_schema(schema if isinstance(schema, dict) else {},
                                                       overrides={"whitespace_flexible": False})
               for name, schema in SCHEMAS.items()}
    cases = [("schema", name, json.dumps(SCHEMAS[name]), grammar) for name, grammar in schemas.items()]
    cases += [("regex", regex, regex, grammar_from("regex", of_ascii(regex))) for regex in REGEXES]
    cases += [("choice", " ".join(choice), json.dumps(choice), grammar_from("choice", json.dumps(choice)))
              for choice in CHOICES]
    cases += [("gbnf", source, source, grammar_from("gbnf", source)) for source in GBNF]
    table, out = {}, []
    for kind, name, source, grammar in cases:
        error = LLMatcher.validate_grammar(grammar, TOKENIZER)
        if error and not error.startswith("WARNING"):
            sys.exit(f"{name}: {error}")
        chance = random.Random(f"{kind} {name}")
        walks = [walk(grammar, chance, table) for _ in range(WALKS)]
        unique = {item["text"]: item for item in walks}
        out.append({"kind": kind, "name": name, "source": source, "walks": list(unique.values())})
    refused = []
    for kind, sources in REFUSED.items():
        for source in sources:
            text = source if isinstance(source, str) else json.dumps(source)
            try:
                grammar = grammar_from("json_schema" if kind == "schema" else kind, text)
                error = LLMatcher.validate_grammar(grammar, TOKENIZER)
            except Exception as exception:
                error = str(exception)
            if error and not error.startswith("WARNING"):
                refused.append({"kind": kind, "source": text})
            else:
                print(f"llguidance takes {text}", file=sys.stderr)
    about = "llguidance 1.9, by tools/golden/grammar_vectors.py"
    text = json.dumps({"about": about, "sets": list(table), "cases": out, "refused": refused}, ensure_ascii=True)
    pathlib.Path(path).write_text(text.replace('{"kind"', '\n{"kind"') + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
