#!/usr/bin/env python3
"""Reads tool calls and reasoning with the `openai` and `anthropic` packages from PyPI, as agents would; and with
`langchain-openai` and `litellm` where they are installed.

    tool_clients.py --base-url http://127.0.0.1:8080 --model tools

The server must answer with the reasoning "Hm.", the text "I see." and a call of get_weather for Bern, whatever it is
asked. Prints one line a check; the exit status is 0 only when all checks passed, and 77 when a package is missing.
"""

import argparse
import importlib.util
import json
import os
import sys

try:
    import anthropic
    import openai
    import pydantic
except ImportError as error:
    print(f"SKIPPED: the Python package `{error.name}` is not installed, NOTHING WAS CHECKED", file=sys.stderr)
    sys.exit(77)

MESSAGES = [{"role": "user", "content": "How is the weather in Bern?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "Tells the weather.", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": FUNCTION}]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def check_with(package):
    """Registers a check that needs a package which is not among those that the tests' setup installs."""
    def register(function):
        if importlib.util.find_spec(package):
            CHECKS.append(function)
        else:
            print(f"skipped {function.__name__}: no {package}")
        return function
    return register


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


@check
def chat(openai_client, _, model):
    choice = openai_client.chat.completions.create(model=model, messages=MESSAGES, tools=TOOLS).choices[0]
    expect(choice.finish_reason == "tool_calls" and choice.message.content == "I see.", choice)
    expect(choice.message.reasoning_content == "Hm.", choice)
    call = choice.message.tool_calls[0]
    expect(call.type == "function" and call.id and call.function.name == "get_weather", call)
    expect(json.loads(call.function.arguments) == {"city": "Bern"}, call)
    # The turn goes back as the client has it, with a result.
    result = {"role": "tool", "tool_call_id": call.id, "content": "It rains."}
    openai_client.chat.completions.create(model=model, messages=MESSAGES + [choice.message, result], tools=TOOLS)


@check
def chat_stream(openai_client, _, model):
    with openai_client.chat.completions.stream(model=model, messages=MESSAGES, tools=TOOLS) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion().choices[0]
    expect({"chunk", "content.delta", "tool_calls.function.arguments.delta"} <= kinds, kinds)
    expect(final.finish_reason == "tool_calls" and final.message.content == "I see.", final)
    expect(json.loads(final.message.tool_calls[0].function.arguments) == {"city": "Bern"}, final)


@check
def chat_with_pydantic(openai_client, _, model):
    class GetWeather(pydantic.BaseModel):
        city: str

    tool = openai.pydantic_function_tool(GetWeather, name="get_weather")
    answer = openai_client.chat.completions.parse(model=model, messages=MESSAGES, tools=[tool])
    expect(answer.choices[0].message.tool_calls[0].function.parsed_arguments == GetWeather(city="Bern"), answer)


@check
def responses(openai_client, _, model):
    tools = [{"type": "function", **FUNCTION, "strict": False}]
    answer = openai_client.responses.create(
        model=model, input="How is the weather in Bern?", instructions="Be brief.", tools=tools, store=False)
    expect(answer.status == "completed" and answer.output_text == "I see.", answer)
    expect([item.type for item in answer.output] == ["reasoning", "message", "function_call"], answer.output)
    call = answer.output[2]
    expect(call.name == "get_weather" and json.loads(call.arguments) == {"city": "Bern"}, call)
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "It rains."}
    history = [{"role": "user", "content": "How is the weather in Bern?"}] + answer.output + [result]
    openai_client.responses.create(model=model, input=history, tools=tools, store=False)


@check
def responses_stream(openai_client, _, model):
    tools = [{"type": "function", **FUNCTION, "strict": False}]
    with openai_client.responses.stream(model=model, input="How is the weather in Bern?", tools=tools) as stream:
        events = list(stream)
        final = stream.get_final_response()
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    expect(text == final.output_text == "I see.", events)
    expect(json.loads(final.output[2].arguments) == {"city": "Bern"}, final)
    expect([event.sequence_number for event in events] == list(range(len(events))), events)


@check
def response_that_needs_a_memory(openai_client, _, model):
    try:
        openai_client.responses.create(model=model, input="And?", previous_response_id="resp_1")
    except openai.BadRequestError as error:
        expect(error.param == "previous_response_id", error)
    else:
        expect(False, "no error")


@check
def messages(_, client, model):
    tools = [{"name": "get_weather", "description": "Tells the weather.", "input_schema": SCHEMA}]
    answer = client.messages.create(model=model, max_tokens=99, messages=MESSAGES, tools=tools, system="Be brief.")
    expect(answer.stop_reason == "tool_use", answer)
    expect([block.type for block in answer.content] == ["thinking", "text", "tool_use"], answer)
    thinking, text, call = answer.content
    expect(thinking.thinking == "Hm." and text.text == "I see." and call.input == {"city": "Bern"}, answer)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "It rains."}
    history = MESSAGES + [{"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    client.messages.create(model=model, max_tokens=99, messages=history, tools=tools)
    counted = client.messages.count_tokens(model=model, messages=MESSAGES, tools=tools, system="Be brief.")
    cached = answer.usage.cache_read_input_tokens
    expect(counted.input_tokens == answer.usage.input_tokens + cached, (counted, answer.usage))


@check
def messages_stream(_, client, model):
    tools = [{"name": "get_weather", "description": "Tells the weather.", "input_schema": SCHEMA}]
    with client.messages.stream(model=model, max_tokens=99, messages=MESSAGES, tools=tools) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    expect(text == "I see." and final.stop_reason == "tool_use", final)
    expect(final.content[0].thinking == "Hm." and final.content[2].input == {"city": "Bern"}, final)
    expect(final.usage.output_tokens > 0, final.usage)


@check
def messages_of_an_unknown_model(_, client, model):
    try:
        client.messages.create(model="no-such-model", max_tokens=9, messages=MESSAGES)
    except anthropic.NotFoundError as error:
        expect(error.body["error"]["type"] == "not_found_error", error.body)
    else:
        expect(False, "no error")


@check_with("langchain_openai")
def langchain(openai_client, _, model):
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(base_url=str(openai_client.base_url), api_key="none", model=model, max_retries=0)
    chat = chat.bind_tools(TOOLS)
    history = [HumanMessage("How is the weather in Bern?")]
    answer = chat.invoke(history)
    expect([(call["name"], call["args"]) for call in answer.tool_calls] == [("get_weather", {"city": "Bern"})], answer)
    chat.invoke(history + [answer, ToolMessage("It rains.", tool_call_id=answer.tool_calls[0]["id"])])
    whole = None
    for chunk in chat.stream(history):
        whole = chunk if whole is None else whole + chunk
    expect(whole.content == "I see." and whole.tool_calls[0]["args"] == {"city": "Bern"}, whole)


@check_with("litellm")
def litellm(openai_client, _, model):
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    arguments = dict(
        model=f"openai/{model}", api_base=str(openai_client.base_url), api_key="none", messages=MESSAGES, tools=TOOLS)
    message = litellm.completion(**arguments).choices[0].message
    expect(message.content == "I see." and message.reasoning_content == "Hm.", message)
    expect(json.loads(message.tool_calls[0].function.arguments) == {"city": "Bern"}, message)
    chunks = list(litellm.completion(stream=True, **arguments))
    whole = litellm.stream_chunk_builder(chunks, messages=MESSAGES).choices[0].message
    expect(json.loads(whole.tool_calls[0].function.arguments) == {"city": "Bern"}, whole)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--base-url", required=True, help="without /v1")
    arguments.add_argument("--model", required=True)
    options = arguments.parse_args()
    settings = dict(api_key="none", max_retries=0, timeout=60)
    clients = (
        openai.OpenAI(base_url=options.base_url + "/v1", **settings),
        anthropic.Anthropic(base_url=options.base_url, **settings))
    failures = 0
    for function in CHECKS:
        try:
            function(*clients, options.model)
            print(f"ok      {function.__name__}", flush=True)
        except Exception as error:
            failures += 1
            print(f"FAILED  {function.__name__}: {type(error).__name__}: {error}", flush=True)
    versions = f"openai {openai.__version__}, anthropic {anthropic.__version__}"
    print(f"{failures} of {len(CHECKS)} checks failed ({versions})")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
