"""16 streams at once, half to each of two models, must give the texts that each prompt gives alone."""

import argparse
import concurrent.futures
import sys

import openai

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):",
    "Once upon a time, in a small village,",
    "Water boils at",
    "The three primary colours are",
    "List of prime numbers: 2, 3, 5,",
    "In 1969, humans first",
    "The opposite of hot is",
]


def stream(client: openai.OpenAI, model: str, prompt: str, tokens: int) -> str:
    parts = client.completions.create(model=model, prompt=prompt, max_tokens=tokens, temperature=0, stream=True)
    return "".join(part.choices[0].text for part in parts if part.choices)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--tokens", type=int, default=24)
    arguments = parser.parse_args()
    client = openai.OpenAI(base_url=arguments.base_url, api_key="none", max_retries=0, timeout=600)
    work = [(model, prompt) for model in arguments.model for prompt in PROMPTS]
    alone = [stream(client, model, prompt, arguments.tokens) for model, prompt in work]
    with concurrent.futures.ThreadPoolExecutor(len(work)) as pool:
        together = list(pool.map(lambda item: stream(client, *item, arguments.tokens), work))
    different = [item for item, a, b in zip(work, alone, together) if a != b or not a]
    for item in different:
        print("differs:", item)
    print(f"{len(work) - len(different)} of {len(work)} streams as alone")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
