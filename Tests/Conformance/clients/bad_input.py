"""Bad requests get one clear error of the right status each, and the server goes on serving."""

import argparse
import json
import sys
import urllib.error
import urllib.request


def post(url: str, body: bytes, kind: str = "application/json"):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", action="append", required=True)
    arguments = parser.parse_args()
    base, model = arguments.base_url, arguments.model[0]
    good = {"model": model, "prompt": "Hello", "max_tokens": 2}

    def variant(**changes) -> bytes:
        return json.dumps({**good, **changes}).encode()

    cases = [
        ("unknown model", "/completions", variant(model="nobody"), 404, "model_not_found"),
        ("prompt beyond the context", "/completions", variant(prompt=[5] * 9000), 400, "context_length_exceeded"),
        ("token out of vocabulary", "/completions", variant(prompt=[1, 49152]), 400, None),
        ("negative token", "/completions", variant(prompt=[-1]), 400, None),
        ("empty prompt", "/completions", variant(prompt=""), 400, None),
        ("wrong type", "/completions", variant(max_tokens="many"), 400, None),
        ("temperature NaN", "/completions", b'{"model":"%s","prompt":"x","temperature":NaN}' % model.encode(), 400, None),
        ("temperature negative", "/completions", variant(temperature=-1), 400, None),
        ("huge n", "/completions", variant(n=10**9), 400, None),
        ("not JSON", "/completions", b"{", 400, None),
        ("invalid UTF-8", "/completions", b'{"model":"%s","prompt":"\xff\xfe"}' % model.encode(), 400, None),
        ("3 MB body", "/completions", variant(prompt="x" * 3_000_000), 413, None),
        ("deep nesting", "/completions", b"[" * 60_000, 400, None),
        ("no messages", "/chat/completions", json.dumps({"model": model, "messages": []}).encode(), 400, None),
        ("message without role", "/chat/completions", json.dumps({"model": model, "messages": [{}]}).encode(), 400, None),
    ]
    failures = 0
    for name, path, body, wanted, code in cases:
        status, answer = post(base + path, body)
        error = answer.get("error", {}) if isinstance(answer, dict) else {}
        well_formed = isinstance(error.get("message"), str) and {"type", "param", "code"} <= error.keys()
        ok = status == wanted and well_formed and (code is None or error.get("code") == code)
        if not ok:
            failures += 1
            print(f"{name}: {status} {json.dumps(answer)[:300]}")
        status, answer = post(base + "/completions", variant())
        if status != 200 or not answer["choices"]:
            failures += 1
            print(f"after {name} the server answers {status}")
    print(f"{len(cases)} bad requests, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
