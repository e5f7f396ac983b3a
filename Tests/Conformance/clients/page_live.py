"""The page in a real browser, beside load on real models: what it shows is what the server does.

With --pictures FOLDER it leaves pictures there: light, dark, and as a phone shows it.
"""
import argparse
import contextlib
import json
import pathlib
import sys
import threading
import time
import urllib.request

from browser import Browser, find
from page import check, done, last, say

PROMPTS = ["Tell me a story about a weaver.", "Explain how a loom works, step by step.", "Write a poem about thread.",
           "Which fabrics are there, and what are they for? " * 8, "Continue: warp and weft are " + "crossed, " * 60]


@contextlib.contextmanager
def load(url, models, each):
    """So many streams at a time on each model, as long as the body runs."""
    over = threading.Event()

    def stream(model, number):
        while not over.is_set():
            body = {"model": model, "stream": True, "max_tokens": 24 + 16 * (number % 3), "temperature": 1,
                    "messages": [{"role": "user", "content": f"{number}. {PROMPTS[number % len(PROMPTS)]}"}]}
            request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(),
                                             {"Content-Type": "application/json"})
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=60) as answer:
                for _ in answer:
                    if over.is_set():
                        break
            number += 7

    threads = [threading.Thread(target=stream, args=(model, number)) for model in models for number in range(each)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def begin(browser, url, **shape):
    page = browser.open(url + "/", **shape)
    page.wait("document.getElementById('model').value")
    page.click("#settings-button")
    page.run("document.querySelector('[name=max_tokens]').focus()")
    page.type("48")
    page.press("Tab")
    page.click("#settings-button")
    return page


def ask(page, model, text):
    page.run(f"""(() => {{ const models = document.getElementById("model");
        models.value = {json.dumps(model)};
        models.dispatchEvent(new Event("change")) }})()""")
    say(page, text)
    done(page)
    check(page.text(".message:last-child .who") == model, "another model answers")
    check(len(last(page)) > 0 and page.text(".message:last-child .fault") is None, page.text(".message:last-child"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder for pictures of the page")
    parser.add_argument("--seconds", type=float, default=4, help="how long there is load before it is looked at")
    arguments = parser.parse_args()
    if not find():
        print("SKIPPED: there is no Chromium; tools/setup --clients installs Debian's.")
        return 0
    url, models = arguments.base_url.removesuffix("/v1"), arguments.model

    def picture(page, name):
        if arguments.pictures:
            page.picture(arguments.pictures / name)

    with Browser() as browser, load(url, models, 3):
        page = begin(browser, url, width=1440, height=900)
        for model in models:
            ask(page, model, "What is a loom? Answer in two sentences.")
        time.sleep(arguments.seconds)
        for model in models:
            # Passes of each model, on some lane, within the last seconds.
            page.wait(f"[...document.querySelectorAll('.lane canvas')].some((lane) => "
                      f"lane.ariaLabel?.includes({json.dumps(model)}))")
            page.wait(f"[...document.querySelectorAll('[data-quotas] li')].some((row) => "
                      f"row.textContent.includes({json.dumps(model)}) && !/^0 of/.test(row.lastChild.textContent))")
            row = page.wait(f"""[...document.querySelectorAll("[data-models] tr")].map((row) =>
                [...row.cells].map((cell) => cell.textContent)).find((cells) => cells[0] === {json.dumps(model)}
                && cells[3] !== "0" && cells[4] !== "–" && cells[7] !== "–")""")
            print(*row, sep=", ")
        check(page.text(".health") == "healthy", page.text(".unit header"))
        # What is drawn moves, and holds the colours of both models.
        drawn = """(() => {
            const colours = new Set();
            for (const canvas of document.querySelectorAll(".lane canvas")) {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add(data.slice(at, at + 3).join());
            }
            return colours.size })()"""
        page.wait(f"{drawn} >= 2")
        picture(page, "both-light.png")
        page.click("[data-to=weave]")
        time.sleep(1)
        picture(page, "weave-light.png")
        check(page.complaints == [], page.complaints)
        page.close()
        if arguments.pictures:
            page = begin(browser, url, width=1440, height=900, dark=True)
            ask(page, models[0], "Write a list of three things that are woven.")
            time.sleep(arguments.seconds)
            picture(page, "both-dark.png")
            page.close()
            page = begin(browser, url, width=390, height=844)
            page.resize(390, 844, 2)
            ask(page, models[0], "What is a loom?")
            picture(page, "phone-chat.png")
            page.click("[data-to=weave]")
            time.sleep(arguments.seconds)
            picture(page, "phone-weave.png")
    print("the live view: all as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
