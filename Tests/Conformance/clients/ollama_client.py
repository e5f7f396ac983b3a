#!/usr/bin/env python3
"""Talks to a served weft with the `ollama` package from PyPI, as Ollama's users would.

    ollama_client.py --base-url http://127.0.0.1:8080 --model tools

The server must answer with the reasoning "Hm.", the text "I see." and a call of get_weather for Bern, whatever it is
asked, and have a model `vectors` that embeds and a model `coder` that fills in the middle. Prints one line a check; the
exit status is 0 only when all checks passed, and 77 when the package is not installed.
"""

import argparse
import sys

try:
    import ollama
except ImportError:
    print("SKIPPED: the Python package `ollama` is not installed, NOTHING WAS CHECKED", file=sys.stderr)
    sys.exit(77)

MESSAGES = [{"role": "user", "content": "How is the weather in Bern?"}]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def get_weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: the city

    Returns:
        str: the weather
    """
    return f"rain in {city}"


def expect_message(message):
    expect(message.role == "assistant" and message.content == "I see." and message.thinking == "Hm.", message)
    expect([call.function.name for call in message.tool_calls] == ["get_weather"], message)
    expect(message.tool_calls[0].function.arguments == {"city": "Bern"}, message)


@check
def chat(client, model):
    answer = client.chat(model=model, messages=MESSAGES, tools=[get_weather], options={"temperature": 0})
    expect_message(answer.message)
    expect(answer.done and answer.done_reason == "stop" and answer.eval_count > 0, answer)
    expect(answer.total_duration >= answer.prompt_eval_duration + answer.eval_duration, answer)


@check
def chat_stream(client, model):
    pieces = list(client.chat(model=f"{model}:latest", messages=MESSAGES, tools=[get_weather], stream=True))
    message = ollama.Message(
        role="assistant", content="".join(piece.message.content or "" for piece in pieces),
        thinking="".join(piece.message.thinking or "" for piece in pieces),
        tool_calls=[call for piece in pieces for call in piece.message.tool_calls or []])
    expect_message(message)
    expect([piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True], pieces)
    expect(pieces[-1].prompt_eval_count > 0, pieces[-1])


@check
def conversation(client, model):
    """What the client made of an answer can be sent back, with the result of its call."""
    message = client.chat(model=model, messages=MESSAGES, tools=[get_weather]).message
    call = message.tool_calls[0].function
    result = {"role": "tool", "tool_name": call.name, "content": get_weather(**call.arguments)}
    expect_message(client.chat(model=model, messages=[*MESSAGES, message, result], tools=[get_weather]).message)


@check
def generate(client, model):
    answer = client.generate(model=model, prompt="hi", system="Be brief.")
    expect(answer.response.startswith("I see.") and answer.thinking == "Hm.", answer)
    pieces = list(client.generate(model=model, prompt="hi", think=True, stream=True))
    expect("".join(piece.response for piece in pieces).startswith("I see."), pieces)
    expect(client.generate(model=model).done_reason == "load", "an empty prompt is a load")
    expect(client.generate(model="coder", prompt="a", suffix="b").response, "no middle")


@check
def embed(client, model):
    answer = client.embed(model="vectors", input=["a", "b"])
    expect([len(vector) for vector in answer.embeddings] == [4, 4], answer)
    expect(len(client.embeddings(model="vectors", prompt="a").embedding) == 4, "the older call")


@check
def models(client, model):
    expect(f"{model}:latest" in [card.model for card in client.list().models], client.list())
    expect(f"{model}:latest" in [card.model for card in client.ps().models], client.ps())
    shown = client.show(model)
    expect({"completion", "tools", "thinking"} <= set(shown.capabilities), shown)
    expect(shown.modelinfo[shown.modelinfo["general.architecture"] + ".context_length"] > 0, shown)


@check
def errors(client, model):
    for arguments, status in [({"model": "nobody"}, 404), ({"model": model, "format": {"type": "thing"}}, 400)]:
        try:
            client.chat(messages=MESSAGES, **arguments)
        except ollama.ResponseError as error:
            expect(error.status_code == status and error.error, error)
        else:
            raise AssertionError(f"no error for {arguments}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--base-url", required=True)
    arguments.add_argument("--model", required=True)
    options = arguments.parse_args()
    client = ollama.Client(host=options.base_url, timeout=60)
    failures = 0
    for function in CHECKS:
        try:
            function(client, options.model)
            print(f"ok      {function.__name__}", flush=True)
        except Exception as error:
            failures += 1
            print(f"FAILED  {function.__name__}: {type(error).__name__}: {error}", flush=True)
    print(f"{failures} of {len(CHECKS)} checks failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
