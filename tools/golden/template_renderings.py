#!/usr/bin/env python3
"""Writes what Jinja makes of real models' chat templates with the conversations of jinja_vectors.py.

usage: template_renderings.py TEMPLATES OUTPUT.json        (needs PyPI jinja2 3.1)

TEMPLATES is the folder that `tools/setup --clients` fills.
"""
import json
import pathlib
import sys

from jinja2.ext import Extension

from jinja_vectors import CONVERSATIONS, TOOLS, environment


class Generation(Extension):
    """`{% generation %}`, with which transformers finds the assistant's turns; it changes nothing of what is written."""
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


TURNS = {name: messages for name, messages in CONVERSATIONS.items() if name != "wrong-order"}

env = environment()
env.add_extension(Generation)
sources, renderings = {}, []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jinja")):
    # As Jinja's loaders do, newlines are read as they are.
    sources[path.stem] = path.read_bytes().decode()
    template = env.from_string(sources[path.stem])
    for conversation, messages in TURNS.items():
        for prompt in (True, False):
            for tools in (None, TOOLS):
                context = {"messages": messages, "add_generation_prompt": prompt, "bos_token": "<s>",
                           "eos_token": "</s>", "tools": tools}
                case = {"template": path.stem, "conversation": conversation, "prompt": prompt, "tools": tools is not None}
                try:
                    case["output"] = template.render(**context)
                except Exception as error:
                    case["error"] = f"{type(error).__name__}: {error}"
                renderings.append(case)
document = {"sources": sources, "conversations": TURNS, "tools": TOOLS, "templates": renderings}
pathlib.Path(sys.argv[2]).write_text(json.dumps(document) + "\n")
