#!/usr/bin/env python3
"""Talks to a served weft with the `openai` package from PyPI, as any application would.

    openai_client.py --base-url http://127.0.0.1:8080/v1 --model smollm2-135m-q4_1 [--model ...] [--embedder minilm]

Prints one line a check; the exit status is 0 only when all checks passed, and 77 when the package is not installed.
"""

import argparse
import sys
import time

try:
    import openai
except ImportError:
    print("SKIPPED: the Python package `openai` is not installed, NOTHING WAS CHECKED", file=sys.stderr)
    sys.exit(77)

MESSAGES = [{"role": "user", "content": "Count from one to five."}]
CHECKS = []
# Of models that make vectors.
EMBEDDER_CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def check_embedder(function):
    EMBEDDER_CHECKS.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def text_of(stream):
    """The text of a chat stream, its finish reasons and its usage."""
    text, reasons, usage = "", [], None
    for chunk in stream:
        expect(chunk.object == "chat.completion.chunk", chunk.object)
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons.append(choice.finish_reason)
        if not chunk.choices:
            usage = chunk.usage
    return text, reasons, usage


@check
def models_list(client, model):
    listed = [card.id for card in client.models.list()]
    expect(model in listed, f"{model} is not among {listed}")


@check
def models_retrieve(client, model):
    expect(client.models.retrieve(model).id == model, "another model came back")


@check
def chat(client, model):
    answer = client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=8, temperature=0)
    choice = answer.choices[0]
    expect(answer.model == model and answer.object == "chat.completion", answer)
    expect(choice.message.role == "assistant" and choice.message.content, choice)
    expect(choice.finish_reason in ("stop", "length"), choice.finish_reason)
    usage = answer.usage
    expect(usage.prompt_tokens > 0 and 0 < usage.completion_tokens <= 8, usage)
    expect(usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage)
    expect(usage.prompt_tokens_details.cached_tokens >= 0, usage)


@check
def chat_of_parts(client, model):
    parts = [{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}]
    answer = client.chat.completions.create(model=model, messages=parts, max_completion_tokens=4, temperature=0)
    expect(answer.choices[0].message.content, answer)


@check
def completion(client, model):
    answer = client.completions.create(model=model, prompt="The capital of France is", max_tokens=4, temperature=0)
    expect(answer.object == "text_completion" and answer.choices[0].text, answer)
    echo = client.completions.create(model=model, prompt="One two", max_tokens=2, temperature=0, echo=True)
    expect(echo.choices[0].text.startswith("One two"), echo)


@check
def completion_of_several_prompts(client, model):
    answer = client.completions.create(model=model, prompt=["One", "Two", "Three"], max_tokens=2, temperature=0)
    expect([choice.index for choice in answer.choices] == [0, 1, 2], answer)


@check
def chat_stream_with_usage(client, model):
    arguments = dict(model=model, messages=MESSAGES, max_tokens=8, temperature=0)
    whole = client.chat.completions.create(**arguments)
    stream = client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **arguments)
    text, reasons, usage = text_of(stream)
    expect(text == whole.choices[0].message.content, f"{text!r} != {whole.choices[0].message.content!r}")
    expect(set(reasons[:-1]) <= {None} and reasons[-1] in ("stop", "length"), reasons)
    expect(usage is not None and usage.completion_tokens == whole.usage.completion_tokens, usage)


@check
def completion_stream(client, model):
    stream = client.completions.create(model=model, prompt="One two", max_tokens=4, temperature=0, stream=True)
    chunks = [chunk.choices[0] for chunk in stream]
    expect("".join(chunk.text for chunk in chunks), chunks)
    expect(chunks[-1].finish_reason in ("stop", "length"), chunks[-1])


@check
def chat_logprobs(client, model):
    answer = client.chat.completions.create(
        model=model, messages=MESSAGES, max_tokens=3, temperature=0, logprobs=True, top_logprobs=2)
    content = answer.choices[0].logprobs.content
    expect(content, answer)
    for token in content:
        expect(token.logprob <= 0 and len(token.top_logprobs) == 2, token)
        expect(token.top_logprobs[0].logprob >= token.top_logprobs[1].logprob, token)


@check
def completion_logprobs(client, model):
    answer = client.completions.create(model=model, prompt="One two", max_tokens=3, temperature=0, logprobs=2)
    logprobs = answer.choices[0].logprobs
    counts = {len(logprobs.tokens), len(logprobs.token_logprobs), len(logprobs.top_logprobs), len(logprobs.text_offset)}
    expect(len(counts) == 1 and counts != {0}, logprobs)


@check
def stop_string(client, model):
    arguments = dict(model=model, prompt="One two three four", max_tokens=12, temperature=0)
    text = client.completions.create(**arguments).choices[0].text
    expect(len(text) > 2, f"{text!r} is too short to be stopped in")
    middle = text[len(text) // 2]
    stopped = client.completions.create(stop=[middle], **arguments).choices[0]
    expect(stopped.text == text[: text.index(middle)], f"{stopped.text!r} was not stopped before {middle!r}")
    expect(stopped.finish_reason == "stop", stopped.finish_reason)


@check
def seed(client, model):
    def draw(number):
        return client.chat.completions.create(
            model=model, messages=MESSAGES, max_tokens=8, temperature=1, seed=number).choices[0].message.content

    expect(draw(7) == draw(7), "the same seed gave another text")


@check
def several_choices(client, model):
    arguments = dict(model=model, messages=MESSAGES, max_tokens=4, n=2, seed=1)
    answer = client.chat.completions.create(**arguments)
    expect([choice.index for choice in answer.choices] == [0, 1], answer)
    stream = client.chat.completions.create(stream=True, **arguments)
    seen = {choice.index for chunk in stream for choice in chunk.choices}
    expect(seen == {0, 1}, seen)


@check
def unknown_model(client, model):
    try:
        client.chat.completions.create(model="no-such-model", messages=MESSAGES)
    except openai.NotFoundError as error:
        expect(error.code == "model_not_found", error.code)
    else:
        expect(False, "no error")


@check
def context_overflow(client, model):
    try:
        client.completions.create(model=model, prompt=[0] * 200_000, max_tokens=1)
    except openai.BadRequestError as error:
        expect(error.code == "context_length_exceeded", error.code)
        expect(error.body["n_prompt_tokens"] == 200_000 > error.body["n_ctx"], error.body)
    else:
        expect(False, "no error")


@check
def bad_field(client, model):
    try:
        client.chat.completions.create(model=model, messages=MESSAGES, temperature=-1)
    except openai.BadRequestError as error:
        expect(error.param == "temperature", error.param)
    else:
        expect(False, "no error")


@check
def early_close(client, model):
    began = time.monotonic()
    with client.chat.completions.create(model=model, messages=MESSAGES, stream=True, temperature=0) as stream:
        expect(next(iter(stream)).choices, "no first chunk")
    answer = client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=1)
    expect(answer.choices, f"no answer {time.monotonic() - began:.1f} s after a stream was dropped")


def near(a, b):
    return len(a) == len(b) and all(abs(x - y) < 1e-6 for x, y in zip(a, b))


@check_embedder
def embeddings(client, model):
    texts = ["a cat sits on the mat", "the price of bread"]
    answer = client.embeddings.create(model=model, input=texts, encoding_format="float")
    expect(answer.object == "list" and answer.model == model, answer)
    expect([item.index for item in answer.data] == [0, 1], answer)
    expect(all(abs(sum(x * x for x in item.embedding) - 1) < 1e-4 for item in answer.data), "no length of one")
    expect(answer.data[0].embedding != answer.data[1].embedding, "two texts have one vector")
    expect(answer.usage.prompt_tokens == answer.usage.total_tokens > 2, answer.usage)
    for text, item in zip(texts, answer.data):
        alone = client.embeddings.create(model=model, input=text, encoding_format="float")
        expect(near(alone.data[0].embedding, item.embedding), f"{text} alone has another vector")


@check_embedder
def embeddings_in_base64(client, model):
    # The client asks for base64 where it is not told otherwise, and reads it.
    plain = client.embeddings.create(model=model, input="one text", encoding_format="float").data[0].embedding
    expect(near(client.embeddings.create(model=model, input="one text").data[0].embedding, plain), "another vector")
    text = client.embeddings.create(model=model, input="one text", encoding_format="base64").data[0].embedding
    expect(isinstance(text, str), type(text))


@check_embedder
def embeddings_cut(client, model):
    whole = client.embeddings.create(model=model, input="one text").data[0].embedding
    part = client.embeddings.create(model=model, input="one text", dimensions=3).data[0].embedding
    length = sum(x * x for x in whole[:3]) ** 0.5
    expect(near(part, [x / length for x in whole[:3]]), part)


@check_embedder
def embeddings_of_tokens(client, model):
    one = client.embeddings.create(model=model, input=[40, 41, 42]).data
    two = client.embeddings.create(model=model, input=[[40, 41, 42], [43]]).data
    expect(len(one) == 1 and len(two) == 2 and near(one[0].embedding, two[0].embedding), "tokens are not a text")


@check_embedder
def no_chat(client, model):
    try:
        client.chat.completions.create(model=model, messages=MESSAGES)
    except openai.BadRequestError as error:
        expect(error.param == "model" and error.code == "model_unsuitable", error)
    else:
        expect(False, "no error")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--base-url", required=True, help="ends in /v1")
    arguments.add_argument("--model", required=True, action="append", help="may be given several times")
    arguments.add_argument("--embedder", action="append", default=[], help="may be given several times")
    options = arguments.parse_args()
    client = openai.OpenAI(base_url=options.base_url, api_key="none", max_retries=0, timeout=300)
    failures = 0
    checks = [(model, function) for model in options.model for function in CHECKS]
    checks += [(model, function) for model in options.embedder for function in EMBEDDER_CHECKS]
    for model, function in checks:
        try:
            function(client, model)
            print(f"ok      {model}: {function.__name__}", flush=True)
        except Exception as error:
            failures += 1
            print(f"FAILED  {model}: {function.__name__}: {type(error).__name__}: {error}", flush=True)
    print(f"{failures} of {len(checks)} checks failed (openai {openai.__version__})")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
