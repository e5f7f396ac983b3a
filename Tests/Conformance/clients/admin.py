"""Loads and unloads a model through /admin while another one serves, and reads /metrics."""
import argparse
import json
import threading
import urllib.error
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--base-url", required=True)
parser.add_argument("--model", action="append", required=True)
arguments = parser.parse_args()
root = arguments.base_url.removesuffix("/v1")


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(root + path, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def complete(model, count):
    body = {"model": model, "prompt": "The capital of France is", "max_tokens": count, "temperature": 0,
            "ignore_eos": True}
    status, text = call("POST", "/v1/completions", body)
    return status, json.loads(text)


def metric(name):
    status, text = call("GET", "/metrics")
    assert status == 200, text
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in text.splitlines() if line.startswith(name)}


first = arguments.model[0]
alone = complete(first, 24)[1]["choices"][0]["text"]
beside = []
worker = threading.Thread(target=lambda: beside.extend(complete(first, 24)[1]["choices"][0]["text"] for _ in range(2)))
worker.start()
status, text = call("POST", "/admin/models", {"name": "second-copy", "path": first + ".gguf", "rate": 2})
assert status == 200 and json.loads(text)["id"] == "second-copy", text
status, answer = complete("second-copy", 24)
assert status == 200 and answer["choices"][0]["text"] == alone, answer
worker.join()
assert beside == [alone, alone], beside

status, text = call("GET", "/admin/status")
(unit,) = json.loads(text)["units"]
assert status == 200 and [model["name"] for model in unit["models"]][-1] == "second-copy", text
assert unit["missing"] == [] and unit["rebuilds"] == 0, text
assert metric("weft_unit_failed_rebuilds") == {'weft_unit_failed_rebuilds{unit="unit0"}': 0}
assert metric("weft_models_missing") == {'weft_models_missing{unit="unit0"}': 0}
assert metric("weft_generation_tokens_total")['weft_generation_tokens_total{model_name="second-copy",unit="unit0"}'] == 24

status, text = call("DELETE", "/admin/models/second-copy?patience=5")
assert status == 200, text
assert complete("second-copy", 1)[0] == 404
assert 'weft_generation_tokens_total{model_name="second-copy",unit="unit0"}' not in metric("weft_generation_tokens_total")

for method, path, body, expected in [
    ("POST", "/admin/models", {"name": "x", "path": "none.gguf"}, 400),
    ("POST", "/admin/models", {"name": first, "path": first + ".gguf"}, 400),
    ("POST", "/admin/models", {"name": "x", "path": first + ".gguf", "shares": [11, 1]}, 400),
    ("POST", "/admin/models", {"name": "x", "pth": "y"}, 400),
    ("DELETE", "/admin/models/nobody", None, 404),
    ("DELETE", f"/admin/models/{first}?patience=soon", None, 400),
    ("GET", "/admin/models", None, 405),
]:
    status, text = call(method, path, body)
    assert status == expected and "error" in json.loads(text), (method, path, body, status, text)
assert metric("weft_kv_cache_usage_perc") == {'weft_kv_cache_usage_perc{unit="unit0"}': 0}
print("admin: ok")
