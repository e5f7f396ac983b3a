#!/usr/bin/env python3
"""Holds requests and answers of a server to what its `/openapi.json` says.

    openapi.py SAMPLES

SAMPLES is JSON: a list of `method`, `path`, `status`, `request` and `answer` (texts), and `isRight`: whether the request
was taken. One answer is the document itself. Prints what differs; the exit status is 0 only if nothing does, and 77 when
the package `jsonschema` is not installed.
"""

import json
import re
import sys

try:
    import jsonschema
except ImportError:
    print("SKIPPED: the Python package `jsonschema` is not installed, NOTHING WAS CHECKED", file=sys.stderr)
    sys.exit(77)


def operation(document, method, path):
    """The operation of a path, also where part of it is a name."""
    for pattern, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method in operations:
            return operations[method]
    raise SystemExit(f"{method} {path} is not described")


def main():
    with open(sys.argv[1]) as file:
        samples = json.load(file)
    document = json.loads(next(sample["answer"] for sample in samples if sample["path"] == "/openapi.json"))
    faults = []
    try:
        from openapi_spec_validator import validate
        validate(document)
    except ImportError:
        print("SKIPPED: the Python package `openapi-spec-validator` is not installed, the document itself WAS NOT "
              "CHECKED", file=sys.stderr)
    except Exception as error:
        faults.append(f"the document is no OpenAPI: {error}")

    def judge(schema, value):
        """Why a value does not have a schema; None where it has."""
        whole = dict(schema, components=document["components"])
        return jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(whole).iter_errors(value))

    for sample in samples:
        request = sample.get("request")
        name = f"{sample['method']} {sample['path']} {request or ''}"
        described = operation(document, sample["method"], sample["path"])
        response = described["responses"].get(str(sample["status"]))
        if response is None:
            faults.append(f"{name}: status {sample['status']} is not described")
            continue
        fault = judge(response["content"]["application/json"]["schema"], json.loads(sample["answer"]))
        if fault:
            faults.append(f"{name}: the answer {sample['answer'][:300]} is wrong: {fault.message[:300]}")
        if request:
            fault = judge(described["requestBody"]["content"]["application/json"]["schema"], json.loads(request))
            if bool(fault) == sample["isRight"]:
                said = fault.message[:300] if fault else "right"
                faults.append(f"{name}: taken: {sample['isRight']}, by the schema: {said}")
    print("\n".join(faults) or f"{len(samples)} requests and answers are as described")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
