"""Prints whether greedy tokens of the real model agree with the recorded ones, prompt by prompt, on each device.

    python3 tools/golden/agree.py WEFT DEVICE...     WEFT is the program; a device is as in `weft generate --device`
"""

import json
import pathlib
import subprocess
import sys

RECORDED = pathlib.Path(__file__).parents[2] / "Tests/TokenizationTests/Resources/smollm2-135m-instruct.json"
# A reference whose two best logits are nearer than this may go either way.
CLEAR = 0.02


def first_difference(got, wanted):
    return next((index for index, token in enumerate(wanted) if got[index:index + 1] != [token]), None)


def main():
    weft, *devices = sys.argv[1:]
    wrong = 0
    for prompt in json.loads(RECORDED.read_text())["prompts"]:
        wanted = prompt["f32"]["gen_ids"]
        for device in devices:
            command = [weft, "generate", "smollm2-135m-q4_1", prompt["prompt"], "--max-tokens", str(len(wanted)),
                       "--kv-type", "f32", "--device", device, "--json"]
            answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            place = first_difference(answer["ids"], wanted)
            clear = place is not None and prompt["f32_top1_margin"][place] > CLEAR
            if place is None:
                verdict = f"all {len(wanted)} agree"
            else:
                verdict = f"{'WRONG' if clear else 'unclear'} at {place}"
            wrong += clear or answer["prompt_ids"] != prompt["prompt_ids"]
            print(prompt["name"], device, verdict, flush=True)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
