#!/usr/bin/env python3
"""Asks a served weft for JSON of schemas of many kinds at temperature 1, and validates every answer with jsonschema.

    structured.py --base-url http://127.0.0.1:8080/v1 --model smollm2-135m-q4_1 [--count 24] [--parallel 8]

Prints how many answers parse and validate; the exit status is 0 only if all do, and 77 when the package `jsonschema` is
not installed.
"""

import argparse
import collections
import concurrent.futures
import json
import re
import sys
import time
import urllib.request

try:
    import jsonschema
except ImportError:
    print("SKIPPED: the Python package `jsonschema` is not installed, NOTHING WAS CHECKED", file=sys.stderr)
    sys.exit(77)


def closed(properties, required=None, **more):
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "required": list(properties) if required is None else required, **more}


# Strings and arrays are bounded, so that an answer of a small model that talks on ends before `max_tokens`.
WORD = {"type": "string", "minLength": 1, "maxLength": 24}
YEAR = {"type": "integer", "minimum": 1000, "maximum": 2100}
SCHEMAS = {
    "person": ("Invent a person.", closed({
        "name": WORD, "age": {"type": "integer", "minimum": 0, "maximum": 120}, "isStudent": {"type": "boolean"}})),
    "nested": ("Describe a library with its books.", closed({
        "library": closed({"city": WORD, "founded": YEAR}),
        "books": {"type": "array", "minItems": 1, "maxItems": 3, "items": closed({
            "title": WORD, "authors": {"type": "array", "items": WORD, "maxItems": 2},
            "year": {"anyOf": [YEAR, {"type": "null"}]}})}})),
    "optional": ("Write down a contact.", closed({
        "name": WORD, "mail": {"type": "string", "pattern": "^[a-z]{1,12}@[a-z]{1,12}\\.(com|org)$"},
        "phone": {"type": "string", "pattern": "^[+]?[0-9]{3,12}$"}, "note": {"type": ["string", "null"], "maxLength": 40}},
        ["name"])),
    "numbers": ("Measure something.", closed({
        "share": {"type": "number", "minimum": 0, "maximum": 1}, "celsius": {"type": "number", "minimum": -90.5,
                                                                         "exclusiveMaximum": 60},
        "count": {"type": "integer", "exclusiveMinimum": 0, "maximum": 100000}})),
    "choice": ("Judge this film.", closed({
        "verdict": {"enum": ["good", "bad", "\"so-so\"", None, 7]}, "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        "kind": {"const": "review"}})),
    "union": ("Draw a shape.", {"anyOf": [
        closed({"kind": {"const": "circle"}, "radius": {"type": "integer", "minimum": 1, "maximum": 99}}),
        closed({"kind": {"const": "label"}, "text": WORD}),
        {"type": "array", "items": {"type": "integer", "minimum": -9, "maximum": 9}, "minItems": 2, "maxItems": 6}]}),
    "formats": ("When and where was it?", closed({
        "day": {"type": "string", "format": "date"}, "at": {"type": "string", "format": "date-time"},
        "host": {"type": "string", "format": "ipv4"}, "id": {"type": "string", "format": "uuid"}})),
    "combined": ("Describe a product.", {"allOf": [
        {"$ref": "#/$defs/base"}, {"type": "object", "properties": {"price": {"type": "integer", "minimum": 0, "maximum": 9999}},
                                   "required": ["price"]}],
        "$defs": {"base": {"type": "object", "properties": {"sku": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"}},
                           "required": ["sku"], "maxProperties": 2}}, "maxProperties": 2}),
    # A list that may go on for ever does so in a model of this size.
    "list": ("Count down.", {"$ref": "#/$defs/list5", "$defs": {"list0": {"type": "null"}} | {
        f"list{i}": {"anyOf": [{"type": "null"}, closed({"head": {"type": "integer", "minimum": 0, "maximum": 9},
                                                        "tail": {"$ref": f"#/$defs/list{i - 1}"}})]}
        for i in range(1, 6)}}),
    "matrix": ("Give a matrix.", {"type": "array", "minItems": 1, "maxItems": 3, "items": {
        "type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "number", "minimum": 0, "maximum": 100}}}),
    "call": ("What is the weather in Paris?", closed({
        "name": {"const": "get_weather"}, "arguments": closed(
            {"city": WORD, "unit": {"enum": ["celsius", "fahrenheit"]}, "days": {"type": "integer", "minimum": 1,
                                                                                "maximum": 14}}, ["city"])})),
    "map": ("Say how many of each there are.", {"type": "object", "propertyNames": {"maxLength": 16},
        "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 999}, "minProperties": 1, "maxProperties": 4}),
}


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def ask(base, model, seed):
    """What is wrong with the answer of one generation, if anything; the kind of schema, and tokens."""
    kind, (question, schema) = list(SCHEMAS.items())[seed % len(SCHEMAS)]
    body = {"model": model, "temperature": 1, "seed": seed, "max_tokens": 1500,
            "messages": [{"role": "user", "content": question + " Answer in JSON."}],
            "response_format": {"type": "json_schema", "json_schema": {"name": kind, "schema": schema, "strict": True}}}
    answer = post(base + "/chat/completions", body)
    choice, tokens = answer["choices"][0], answer["usage"]["completion_tokens"]
    text = choice["message"]["content"]
    if choice["finish_reason"] != "stop":
        return kind, tokens, f"{choice['finish_reason']}: {text[-80:]}"
    try:
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(json.loads(text))
    except (ValueError, jsonschema.ValidationError) as error:
        return kind, tokens, f"{str(error).splitlines()[0]}: {text}"
    return kind, tokens, None


def check_others(base, model):
    """The other ways to say what a text must be."""
    chat = {"model": model, "messages": [{"role": "user", "content": "Is water wet?"}], "temperature": 1, "seed": 1}

    def text(**fields):
        return post(base + "/chat/completions", {**chat, **fields})["choices"][0]["message"]["content"]

    assert text(guided_choice=["yes", "no"]) in ("yes", "no")
    assert re.fullmatch("[A-D]: [0-9]{2}", text(guided_regex="[A-D]: [0-9]{2}"))
    assert re.fullmatch("([a-h][1-8] ){3}", text(grammar='root ::= (move " "){3}\nmove ::= [a-h] [1-8]'))
    assert text(structured_outputs={"choice": ["é", "日本"]}) in ("é", "日本")
    completion = {"model": model, "prompt": "Two digits:", "guided_regex": "[0-9]{2}", "n": 3, "temperature": 1}
    for choice in post(base + "/completions", completion)["choices"]:
        assert re.fullmatch("[0-9]{2}", choice["text"]) and choice["finish_reason"] == "stop", choice


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--parallel", type=int, default=8)
    options = parser.parse_args()
    base, model, start = options.base_url, options.model[0], time.monotonic()
    check_others(base, model)
    kinds, tokens, faults = collections.Counter(), 0, []
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        for kind, count, fault in pool.map(lambda seed: ask(base, model, seed), range(options.count)):
            tokens += count
            kinds[kind] += fault is None
            if fault:
                faults.append(f"{kind}: {fault}")
    for fault in faults[:20]:
        print(fault)
    print(", ".join(f"{kind} {count}" for kind, count in kinds.items()))
    print(f"{options.count - len(faults)} of {options.count} answers parse and validate; {tokens} tokens in "
          f"{time.monotonic() - start:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
