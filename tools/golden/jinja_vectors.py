#!/usr/bin/env python3
"""Writes what Jinja makes of chat templates and expressions, in the sandbox that Hugging Face transformers renders them in.

usage: jinja_vectors.py OUTPUT.json        (needs PyPI jinja2 3.1)

The templates have the shapes of well-known models' templates but were written for this file.
"""
import datetime
import json
import pathlib
import sys

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2024, 7, 26, 15, 4, 9)


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


TEMPLATES = {
    "chatml": """{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    "smollm2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "llama2": """{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set rest = messages[1:] %}{% else %}{% set system = false %}{% set rest = messages %}{% endif %}
{% for message in rest %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}
{% if loop.index0 == 0 and system != false %}{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}
{% if message['role'] == 'user' %}
{{- bos_token + '[INST] ' + content.strip() + ' [/INST]' -}}
{% elif message['role'] == 'assistant' %}
{{- ' ' + content.strip() + ' ' + eos_token -}}
{% endif %}
{% endfor %}
""",
    "llama3.1": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message is taken apart so that tools can go into it. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {{- "You have access to the following functions.\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
            {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" + eos_token }}{%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "qwen2.5": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are Qwen, a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\nFunction signatures within <tools></tools> XML tags:\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are Qwen, a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "gemma": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "phi3": """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'user' %}{{'<|user|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>
' + message['content'] + '<|end|>
'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% else %}{{ eos_token }}{% endif %}""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "deepseek": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='', is_first_sp=true) %}
{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}
{{ bos_token }}{{ ns.system_prompt }}
{%- for message in messages %}
{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{ '<｜User｜>' + message['content'] }}{%- endif %}
{%- if message['role'] == 'assistant' and message['content'] is not none %}
{%- if ns.is_tool %}{{ '<｜tool▁outputs▁end｜>' + message['content'] + '<｜end▁of▁sentence｜>' }}{%- set ns.is_tool = false -%}
{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}
{%- endif %}
{%- endif %}
{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{ '<｜tool▁outputs▁begin｜>' + message['content'] }}{%- endif %}
{%- endfor -%}
{% if ns.is_tool %}{{ '<｜tool▁outputs▁end｜>' }}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}""",
    "command-r": """{%- macro json_to_python_type(schema) %}
{%- set basic = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if schema.type in basic %}
{{- basic[schema.type] }}
{%- elif schema.type == "array" %}
{{- "List[" + json_to_python_type(schema['items']) + "]" }}
{%- elif schema.type == "object" %}
{{- "Dict[str, Any]" }}
{%- else %}
{{- "Any" }}
{%- endif %}
{%- endmacro %}
{%- macro signature(tool, indent='    ', sep=", ") -%}
def {{ tool.name }}(
{%- for name, field in tool.parameters.properties.items() -%}
{{ name }}: {{ json_to_python_type(field) }}{% if name not in tool.parameters.required %} = None{% endif %}{% if not loop.last %}{{ sep }}{% endif %}
{%- endfor -%}
):
{{ indent }}\"\"\"{{ tool.description }}\"\"\"
{%- endmacro %}
{{ bos_token }}<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>
{%- if tools %}
{%- for tool in tools %}

{{ signature(tool.function, sep='; ' if loop.index > 1 else ', ') }}
{%- endfor %}
{%- endif %}<|END_OF_TURN_TOKEN|>
{%- for message in messages %}
{%- if message.role|lower == 'user' %}
<|START_OF_TURN_TOKEN|><|USER_TOKEN|>{{ message.content }}<|END_OF_TURN_TOKEN|>
{%- elif message.role in ['assistant', 'chatbot'] %}
<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{{ message.content }}<|END_OF_TURN_TOKEN|>
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{% endif %}
""",
    "block-set": """{% set greeting | trim | upper %}
   hello {{ messages[0].content }}
{% endset %}
{% set ns = namespace(parts=[]) %}
{% for m in messages %}
{% if m.role == 'system' %}{% continue %}{% endif %}
{% set ns.parts = ns.parts + [m.role ~ ':' ~ m.content | length] %}
{% if loop.index > 3 %}{% break %}{% endif %}
{% else %}
nothing
{% endfor %}
{{ greeting }}
{{ ns.parts | join(', ') }}
{% raw %}{{ untouched }} {% if %}{% endraw %}

{# a comment
over lines #}
  {% filter upper %}filtered{% endfilter %}
  {%+ if true %}kept{% endif +%}

end
""",
}

TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "Get the weather, e.g. <b>\"now\"</b>",
     "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Köln & co"},
                                                     "days": {"type": "array", "items": {"type": "integer"}}},
                    "required": ["city"]}}},
    {"type": "function", "function": {"name": "stop", "description": "Stop",
     "parameters": {"type": "object", "properties": {}, "required": []}}},
]
USER = {"role": "user", "content": "What is gravity?  "}
CONVERSATIONS = {
    "single": [USER],
    "system": [{"role": "system", "content": " You are terse.\n"}, USER],
    "long": [{"role": "system", "content": "Be kind."}, USER, {"role": "assistant", "content": " <think>hm</think>A force. "},
             {"role": "user", "content": "日本語? 🚀 'quotes' \"double\" <tag> {{ x }}\n\n"}],
    "tools": [USER,
              {"role": "assistant", "content": None, "tool_calls": [{"id": "abcdefghi", "type": "function", "function":
               {"name": "get_weather", "arguments": {"city": "Köln", "days": [1, 2], "deep": {"a": None, "b": True, "c": 1.5}}}}]},
              {"role": "tool", "content": "{\"temp\": 3}", "tool_call_id": "abcdefghi"},
              {"role": "assistant", "content": "Three degrees."}, {"role": "user", "content": "Thanks"}],
    "wrong-order": [USER, USER],
}

CONTEXT = {
    "text": "Hello, World", "padded": "  a b  c \n", "empty": "", "unicode": "Grüße 日本 🚀 e\u0301", "n": 7, "zero": 0, "neg": -7, "f": 2.5,
    "yes": True, "no": False, "nothing": None, "list": [3, 1, 2], "words": ["banana", "Apple", "cherry", "apple"], "nested": [[1, 2], [3]],
    "map": {"b": 2, "a": 1, "items": "shadow"}, "people": [{"name": "Ann", "age": 30, "tag": {"x": 1}}, {"name": "bob", "age": 25}],
    "floats": [0.1, 1e16, 1e-5, 123456789.0, -0.0, 1e300], "quotes": "it's \"x\"\n\t\\",
}

EXPRESSIONS = r"""
1 + 2 * 3 | (1 + 2) * 3 | 7 // 2 | -7 // 2 | 7 % 3 | -7 % 3 | 7 % -3 | 7 / 2 | 6 / 2 | 2 ** 10 | 2 ** 3 ** 2 | -2 ** 2 | 2 ** -1
1.5 + 1 | 7.5 // 2 | -7.5 % 2 | 0.1 + 0.2 | 1e3 | 1_000 | 0x1F | 1e100 | 10 / 3 | yes + 1 | 3 - -2 | +n | -f | - -3
1 < 2 | 1 < 2 < 3 | 1 < 3 < 2 | 1 == 1.0 | 1 == true | "a" < "b" | "a" == 'a' | [1, 2] == [1, 2] | [1] == (1,) | {'a': 1} == {'a': 1} | 1 != 2
[1, 2] < [1, 3] | n >= 7 | n <= 6 | none == none | missing == missing | none == missing | "B" < "a"
1 in list | 4 not in list | "ell" in text | "x" in text | "a" in map | 1 in map | "" in "" | 3 in (1, 3) | 1 in [] | 1 in missing | not 1 in list
yes and no | yes or no | not yes | 0 or "x" | "" and 1 | 1 and 2 | none or missing or 3 | not missing | not not n
"a" if yes else "b" | "a" if no | ("a" if no) is undefined | 1 if no else 2 if no else 3 | [1 if yes else 2, 3]
text ~ 1 ~ none ~ 2.5 | "a" ~ missing ~ "b" | "a" "b" 'c' | "a" + "b" * 3 | 3 * "ab" | [0] * 3 | "ab" * -1 | [1] + [2, 3] | (1,) + (2,) | "x%sy%d%%" % ("q", 3)
list[0] | list[-1] | list[5] is defined | list[1:] | list[:-1] | list[::-1] | list[::2] | list[-2:] | list[5:] | list[2:0:-1] | text[1:4] | text[::-1] | unicode[6:9] | text[-5:]
text[0] | (1, 2, 3)[1:] | list[:none] | map['a'] | map.a | map.zzz is defined | map['items'] | people[0].name | people[0]['tag'].x | people.0.age | nested[0][1]
[] | {} | () | (1,) | (1, 2) | [1, "a", none, true, 2.5] | {'a': [1, {'b': none}]} | {1: 2, none: 3, true: 4} | [missing] | quotes | [quotes] | ["it's"] | ['"'] | floats | unicode | [unicode]
true | True | none | None | false | missing | 1.0 | 100000000000000000.0 | 1e22 | 0.0001 | 0.00001 | 1.5e-7 | 123456.789 | 9007199254740993.0 | 5e-324
n is defined | missing is defined | missing is undefined | nothing is none | n is none | n is number | f is number | yes is number | text is string | n is string | n is integer | yes is integer | f is float
yes is boolean | n is boolean | map is mapping | list is mapping | list is iterable | text is iterable | n is iterable | map is iterable | list is sequence | map is sequence | n is sequence | yes is true | n is true | no is false | zero is false
4 is even | 4 is odd | 3 is odd | n is divisibleby 7 | n is divisibleby(2) | n is equalto 7 | n is eq 7 | n is ne 7 | n is gt 3 | n is lt 3 | n is ge 7 | n is le 6 | n is in [7, 8] | n is in list
"abc" is lower | "ABC" is upper | "Abc" is lower | "" is lower | n is not none | text is not string | n is not in [7] | range is callable | text is callable | 1 is sameas 1
text | upper ;; text | lower ;; "hELLO wORLD" | capitalize ;; "hello world-foo (bar)" | title ;; padded | trim ;; "xxaxx" | trim("x") ;; text | length ;; unicode | length ;; list | count ;; map | length ;; missing | length
text | replace("l", "L") ;; text | replace("l", "L", 1) ;; "abc" | replace("", "-") ;; 42 | replace("4", "5") ;; missing | default("d") ;; none | default("d") ;; none | default("d", true) ;; "" | d("x", boolean=true) ;; n | default(1)
list | join ;; list | join(", ") ;; words | join("/") ;; people | join(",", attribute="name") ;; [1, none, 2.5] | join("-") ;; "abc" | join(".") ;; missing | join(",")
list | first ;; list | last ;; [] | first is defined ;; "abc" | first ;; "abc" | last ;; map | first ;; list | sort ;; list | sort(reverse=true) ;; words | sort ;; words | sort(case_sensitive=true) ;; people | sort(attribute="age") | map(attribute="name") | list
list | sum ;; people | sum(attribute="age") ;; [] | sum ;; list | min ;; list | max ;; words | min ;; people | max(attribute="age") ;; words | unique | list ;; [1, 2, 1] | unique | list ;; list | reverse | list ;; "abc" | reverse
people | map(attribute="name") | list ;; people | map(attribute="tag.x", default=0) | list ;; words | map("upper") | list ;; words | map("replace", "a", "A") | join(" ") ;; [1, 2, 3, 4] | select("even") | list ;; [1, 2, 3, 4] | reject("gt", 2) | list ;; [0, 1, "", "a"] | select | list
people | selectattr("age", "gt", 26) | map(attribute="name") | list ;; people | rejectattr("tag") | map(attribute="name") | join ;; people | selectattr("tag", "defined") | list | length ;; people | selectattr("name", "in", ["bob"]) | list | length
nothing | selectattr("age", "gt", 26) | list ;; nothing | rejectattr("tag") | list | length ;; nothing | select("odd") | list ;; nothing | reject | list ;; nothing | map("upper") | list ;; nothing | map(attribute="name") | join ;; absent | selectattr("age") | list ;; "" | select | list
map | items | list ;; map | dictsort ;; {'b': 1, 'A': 2} | dictsort ;; {'b': 1, 'a': 2} | dictsort(by="value") ;; {'b': 1, 'A': 2} | dictsort(case_sensitive=true, reverse=true) ;; map | list ;; "abc" | list ;; missing | list ;; missing | items | list
"42" | int ;; "4.7" | int ;; 4.7 | int ;; -4.7 | int ;; "x" | int ;; "x" | int(5) ;; none | int ;; "ff" | int(base=16) ;; "0x1f" | int(0, 16) ;; " 12 " | int ;; true | int ;; "2.5" | float ;; "x" | float ;; 3 | float ;; "1e3" | float ;; -3 | abs ;; -2.5 | abs
2.5 | round ;; 3.5 | round ;; 2.567 | round(2) ;; 42 | round ;; 42.55 | round(1, "floor") ;; 42.1 | round(0, "ceil") ;; 1234.5 | round(-2) ;; 42.7 | round | int ;; 5 | string ;; none | string ;; list | string | length ;; true | string
list | tojson ;; map | tojson ;; people | tojson ;; people | tojson(indent=2) ;; map | tojson(separators=(",", ":")) ;; map | tojson(sort_keys=true) ;; unicode | tojson ;; unicode | tojson(ensure_ascii=true) ;; quotes | tojson ;; "<a&'b'>" | tojson ;; floats | tojson
[] | tojson ;; {} | tojson(indent=4) ;; [[], {}] | tojson(indent=1) ;; none | tojson ;; true | tojson ;; (1, 2) | tojson ;; {1: 2, none: 3, false: 4, 2.5: 5} | tojson ;; "\u0001\u007f\b\f" | tojson ;; 1.0 | tojson ;; [1, [2]] | tojson(indent="\t")
"a\nb\n\nc" | indent ;; "a\nb" | indent(2, true) ;; "a\n\nb" | indent(2, blank=true) ;; "a\nb" | indent("> ") ;; "a\n" | indent ;; "<&'\">" | e ;; "<b>" | escape ;; "<b>" | safe ;; "<a>" | safe + "<b>" ;; "<a>" + ("<b>" | safe) ;; "<a>" | safe + "<b>" | safe + "&" ;; "<a>" | e + "<b>" ;; 1 | string | safe + "<" + ">" ;; "%s and %s" | format("a", 1)
text | upper | lower | title | length ;; -1 | abs ;; (-1) | abs ;; [1, 2] | length > 1 ;; "a" ~ "b" | upper ;; n | string + "x" ;; not text | length == 3 ;; 1 + list | length ;; text | trim is string
text.upper() | text.lower() | padded.strip() | padded.lstrip() | padded.rstrip() | "xxaxx".strip("x") | "xya".lstrip("yx") | text.split(", ") | padded.split() | "a,b,c".split(",", 1) | "a,b,c".rsplit(",", 1) | "a  b".split(" ") | " a b ".split(none, 1)
" a b c ".rsplit(none, 1) | "".split() | "".split(",") | text.title() | "they're bill's".title() | "hELLO".capitalize() | text.startswith("Hell") | text.endswith("x") | text.startswith(("x", "H")) | text.replace("o", "0") | text.replace("o", "0", 1) | text.find("World") | text.find("zz") | unicode.find("🚀")
"a-b-a".rfind("a") | "aaaa".count("aa") | "-".join(["a", "b"]) | "{} and {}".format(1, "x") | "{0}{1}{0}".format("a", "b") | "{x}{{}}".format(x=5) | "a\nb\r\nc".splitlines() | "12".isdigit() | "1a".isdigit() | "ab".isalpha() | "a1".isalnum() | " ".isspace() | "AB".isupper() | "ab".islower()
"abc".removeprefix("a") | "abc".removesuffix("c") | map.keys() | list | map.get("a") | map.get("q") | map.get("q", 5) | map.values() | list | map.items() | list | {"a": 1}.items() | list | [1, 2, 1].count(1) | list.index(2)
range(3) | list | range(1, 4) | list | range(5, 0, -2) | list | range(0) | list | range(3) | sum | dict(a=1, b=2) | dict({"a": 1}, c=3) | dict([("x", 1)]) | namespace(a=1).a | strftime_now("%d %b %Y") | strftime_now("%Y-%m-%d %H:%M:%S %A %B %j %p %I %y %%")
"\x41\u00e9\n\\\'\q" | 'it\'s' | "a\
b" | [1, 2,] | {"a": 1,} | (1, 2,) | 1, 2 | "}}" | '%}' | {"a": {"b": {}}} | [[[[1]]]] | ((((1)))) | {"a": 1}["a"] | {"a": 1}.a | [1, 2][0] | "abc"[1] | (n) | [n, [n]][1][0]
"""

STATEMENTS = [
    "{% for x in list %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ ',' if not loop.last }}{% endfor %}",
    "{% for x in list %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }}|{% endfor %}",
    "{% for a, b in map.items() %}{{ a }}={{ b }};{% endfor %}", "{% for k in map %}{{ k }}{% endfor %}",
    "{% for x in [] %}x{% else %}none{% endfor %}", "{% for x in missing %}x{% else %}none{% endfor %}",
    "{% for x in list if x > 1 %}{{ loop.index }}{{ x }}{% else %}no{% endfor %}", "{% for x in list if x > 9 %}{{ x }}{% else %}no{% endfor %}",
    "{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% set x = 0 %}{% for i in list %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "{% if yes %}{% set q = 1 %}{% endif %}{{ q }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, (b, c) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }}", "{% set x = 1, 2 %}{{ x }}",
    "{% for x, (y, z) in [(1, (2, 3))] %}{{ x }}{{ y }}{{ z }}{% endfor %}", "{% for x in 'añ🚀' %}{{ x }}.{% endfor %}",
    "{% for x in nested %}{% for y in x %}{{ loop.depth }}{{ y }}{% endfor %};{% endfor %}",
    "{% for x in list %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for x in (1, 2) %}{{ x }}{% endfor %}{{ x }}{{ loop }}",
    "{% set ns = namespace(n=0) %}{% for x in list %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}{{ ns.q is defined }}",
    "{% set b %}a{{ n }}b{% endset %}{{ b }}{{ b|length }}", "{% set b | upper | replace('A', 'x') %}a{{ n }}{% endset %}{{ b }}",
    "{% if no %}a{% elif zero %}b{% elif n %}c{% else %}d{% endif %}", "{% if list and n > 3 %}ok{% endif %}", "{% if not no %}{% if yes %}x{% endif %}{% endif %}",
    "{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(1, c=4) }} {{ m(b=5, a=6) }} {{ m() }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}", "{% macro m() %}{{ n }}{{ later }}{% endmacro %}{% set later = 3 %}{{ m() }}",
    "{% macro m(x) %}{% set x = x + 1 %}{{ x }}{% endmacro %}{% set x = 5 %}{{ m(1) }}{{ x }}", "{% macro m() %}  a  {% endmacro %}[{{ m() | trim }}]{{ m().strip() ~ 'x' }}",
    "{% macro m(a) %}{% for i in a %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}{% endmacro %}{% for q in [1, 2] %}{{ m([1, 2, 3]) }},{% endfor %}",
    "{% for i in list %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% filter upper %}a{{ text }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}banana{% endfilter %}",
    "a\n{% if yes %}\nb\n{% endif %}\nc\n", "a\n  {% if yes %}  \n  b\n  {% endif %}\nc", "a {%- if yes %} b {%- endif %} c", "a\n\n{%- if yes -%}\n\n b \n{%- endif -%}\n\n c",
    "  {{ n }}\n  {{- n -}}  \n x", "{{ n }}\n{{ n }}\n", "{{ n }}\n\n", "\n{{ n }}", "a\r\nb\rc\n", "  {# c #}  \n x", "x {# c #}\n y", "x {#- c -#}\n y", "{# {{ n }} {% if %} #}z",
    "{% raw %}{{ n }}{% endraw %}", "a {%- raw -%} {{ n }} {%- endraw -%} b", "  {% raw %}\n x {% endraw %}\n y", "{% raw %}\n{% endraw %}", "  {%+ if yes %}x{% endif %}", "{% if yes +%}\nx{% endif %}",
    "  {%- set x = 1 %}\n {{ x }}", "a{% set x = 1 -%}   b", "\t{% if yes %}\t\nx\n\t{% endif %}y", "x  {% if yes %}y{% endif %}", "{% if yes %}  {% if yes %}a{% endif %}{% endif %}", "{%if yes%}a{%endif%}", "{{n}}{{-n-}} {{n }}",
    "{{ {'a': {'b': 1}}.a.b }}{{ {'x': {}} }}", "{{ '}}' }}{{ \"%}\" }}", "}} %} #}", "{ { } }", "{{ n\n+\n1 }}", "{% set x = [\n1,\n2\n] %}{{ x }}", "{{ '\n' }}|", "é{{ n }}日{# é #}本",
    "{% if messages %}a{% else %}b{% endif %}", "{{ people | tojson(indent=2) }}", "{{ text|upper|lower }}{{ text | default('x') | length }}", "{{ namespace(a=1, b=[2]).b[0] }}", "", "plain", "{{ 1 }}{{ 'a' }}{{ none }}{{ missing }}",
]

ERRORS = [
    "{{ missing.x }}", "{{ missing + 1 }}", "{{ missing() }}", "{{ missing[0] }}", "{{ -missing }}", "{{ missing < 1 }}", "{{ 1 + 'a' }}", "{{ 'a' + 1 }}", "{{ 1 < 'a' }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}",
    "{{ none + 1 }}", "{{ [1] + (1,) }}", "{{ 1 in 5 }}", "{{ 1 in 'abc' }}", "{{ 5() }}", "{{ text() }}", "{{ text.nope() }}", "{{ list.append(4) }}", "{{ map.update({}) }}", "{{ n | nope }}", "{{ n is nope }}", "{{ missing | tojson }}",
    "{{ {[1]: 2} }}", "{{ {} | first | upper + missing.x }}", "{{ n | length }}", "{{ none | length }}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{{ raise_exception('no') }}", "{{ range() }}", "{{ range(1, 2, 0) }}", "{{ range('a') }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}",
    "{% set text.x = 1 %}", "{% set a, b = 1 %}", "{{ 'a' | join(1, 2, 3) }}", "{{ list | sort(attribute='x.y') }}", "{{ [1, 'a'] | sort }}", "{{ text | round }}", "{{ text | abs }}", "{{ [1, 2][::0] }}", "{{ 'a'.split('') }}", "{{ '%s %s' % 'a' }}",
    "{{ n.x.y }}", "{{ map.q.r }}", "{{ list[0].a.b }}", "{% set ns = namespace() %}{{ ns.a.b }}", "{{ text | map('nope') | list }}", "{{ list | map('upper', 1) | list }}", "{{ 'x' * 'y' }}", "{{ [] | max + 1 }}", "{{ '{}'.format() }}",
    "{{", "{{ }}", "{{ 1 + }}", "{{ (1 }}", "{{ [1 }}", "{{ {1} }}", "{{ {'a' 1} }}", "{{ 'a }}", "{{ 1 2 }}", "{{ a. }}", "{{ a[] }}", "{{ a[1 }}", "{{ f(a=1, 2) }}", "{{ | upper }}", "{{ a | }}", "{{ a is }}", "{{ ) }}", "{{ @ }}", "{{ a ! b }}", "{{ 1 if }}",
    "{%", "{% %}", "{% if %}", "{% if x %}", "{% endif %}", "{% else %}", "{% if x %}{% else %}{% else %}{% endif %}", "{% for %}", "{% for x %}{% endfor %}", "{% for x in %}{% endfor %}", "{% for 1 in x %}{% endfor %}", "{% for x in y %}", "{% set %}", "{% set x %}", "{% set 1 = 2 %}",
    "{% set true = 1 %}", "{% nope %}", "{% break %}", "{% continue %}", "{% macro %}", "{% macro m %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m() %}", "{% raw %}x", "{# x", "{% for x in y %}{% endif %}", "{% if x %}{% endfor %}", "{% filter %}{% endfilter %}", "{% if x = 1 %}{% endif %}",
    "{% for x in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", "{{ a is b is c }}", "{{ '\\x4' }}", "{% set x.y.z = 1 %}", "{% endraw %}", "{{ 0b }}", "{% block %}",
]


def expressions():
    """The snippets of EXPRESSIONS: between bars, or between ;; where the line has filters."""
    for line in EXPRESSIONS.strip("\n").replace("\\\nb\"", "\0").split("\n"):
        yield from (part.strip().replace("\0", "\\\nb\"") for part in (line.split(";;") if ";;" in line else split_bars(line)))


def split_bars(line):
    """Cuts at bars with a space at either side, but keeps `x | list` together."""
    parts = []
    for part in line.split(" | "):
        if part.strip() in ("list", "sum") and parts and part != line.split(" | ")[0] and parts[-1].endswith(")"):
            parts[-1] += " | " + part
        else:
            parts.append(part)
    return parts


def main():
    env = environment()
    templates = []
    for name, source in TEMPLATES.items():
        for conversation, messages in CONVERSATIONS.items():
            for prompt in (True, False):
                for tools in (None, TOOLS):
                    context = {"messages": messages, "add_generation_prompt": prompt, "bos_token": "<s>", "eos_token": "</s>", "tools": tools}
                    case = {"template": name, "conversation": conversation, "prompt": prompt, "tools": tools is not None}
                    try:
                        case["output"] = env.from_string(source).render(**context)
                    except (jinja2.exceptions.TemplateError, TypeError) as error:
                        case["error"] = type(error).__name__
                    templates.append(case)
    snippets = ["{{ " + expression + " }}" for expression in expressions()] + STATEMENTS
    rendered = []
    for source in snippets:
        try:
            rendered.append({"source": source, "output": env.from_string(source).render(**CONTEXT)})
        except Exception as error:
            raise SystemExit(f"{source!r}: {error}") from error
    for source in ERRORS:
        try:
            output = env.from_string(source).render(**CONTEXT)
        except Exception:
            continue
        raise SystemExit(f"no error: {source!r} gives {output!r}")
    document = {
        "sources": TEMPLATES, "conversations": CONVERSATIONS, "tools": TOOLS, "templates": templates, "context": CONTEXT,
        "snippets": rendered, "errors": ERRORS,
    }
    pathlib.Path(sys.argv[1]).write_text(json.dumps(document, indent=1) + "\n")
    print(len(templates), "templates", len(rendered), "snippets", len(ERRORS), "errors")


if __name__ == "__main__":
    main()
