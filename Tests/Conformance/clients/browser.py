"""A headless Chromium, driven over the pipe of its DevTools protocol: nothing but Python's own library is needed.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:8080/")
        page.click("#send")
        page.wait("document.title === 'Weft'")
"""
import base64
import fcntl
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time

NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
# Seconds for what should take a fraction of one: a machine under tests may be slow.
PATIENCE = 30


def find():
    """The path of a browser, or None."""
    return os.environ.get("WEFT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Failure(Exception):
    pass


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="weft-browser-")
        reads, self.inlet = os.pipe()
        outlet, writes = os.pipe()
        # The browser wants its ends as descriptors 3 and 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (reads, writes)]
        self.process = subprocess.Popen(
            [find(), "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--mute-audio",
             "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb",
             f"--user-data-dir={self.folder}", "about:blank"],
            pass_fds=(3, 4), preexec_fn=lambda: (os.dup2(ends[0], 3), os.dup2(ends[1], 4), os.setsid()),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in [reads, writes, *ends]:
            os.close(end)
        self.answers, self.pages, self.number = {}, {}, 0
        threading.Thread(target=self._read, args=(outlet,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, outlet):
        with os.fdopen(outlet, "rb") as stream:
            rest = b""
            while piece := os.read(stream.fileno(), 1 << 16):
                *messages, rest = (rest + piece).split(b"\0")
                for message in map(json.loads, messages):
                    if "id" in message:
                        self.answers[message["id"]].put(message)
                    elif message.get("sessionId") in self.pages:
                        self.pages[message["sessionId"]].take(message["method"], message["params"])

    def call(self, method, session=None, **parameters):
        self.number += 1
        number, answer = self.number, queue.Queue()
        self.answers[number] = answer
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self.inlet, json.dumps(message).encode() + b"\0")
        try:
            reply = answer.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failure(f"{method}: the browser does not answer") from None
        del self.answers[number]
        if "error" in reply:
            raise Failure(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def open(self, url, width=1280, height=800, dark=False, script=None, reduced=False):
        return Page(self, url, width, height, dark, script, reduced)


class Page:
    def __init__(self, browser, url, width, height, dark, script, reduced):
        self.browser = browser
        # What the console says, errors and refusals of the page's policy among it.
        self.complaints, self.bytes, self.loaded = [], {}, threading.Event()
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        self.target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        browser.pages[self.session] = self
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")
        self.resize(width, height)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced else "no-preference"}])
        if script:
            self.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        self.go(url)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def take(self, method, parameters):
        if method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([part.get("value") for part in parameters["args"]]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            entry = parameters["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())
        elif method == "Network.loadingFinished":
            self.bytes[parameters["requestId"]] = parameters["encodedDataLength"]

    def resize(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=width < 500)

    def go(self, url):
        self.loaded.clear()
        self.call("Page.navigate", url=url)
        if not self.loaded.wait(PATIENCE):
            raise Failure(f"{url} was not loaded")

    def run(self, expression):
        """What an expression of the page's language is, or what its promise becomes."""
        reply = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in reply:
            raise Failure(reply["exceptionDetails"].get("exception", {}).get("description") or str(reply))
        return reply["result"].get("value")

    def wait(self, expression, patience=PATIENCE):
        """Waits until an expression holds, and returns its value."""
        end = time.monotonic() + patience
        # An element reads as {}.
        while (value := self.run(expression)) in (None, False, 0, ""):
            if time.monotonic() > end:
                text = self.run("document.body.innerText.slice(0, 1500)")
                raise Failure(f"in vain: {expression}\non the page: {text}\ncomplaints: {self.complaints}")
            time.sleep(0.03)
        return value

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")

    def click(self, selector):
        x, y = self.wait(f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element?.scrollIntoView({{block: "nearest"}});
            const box = element?.getBoundingClientRect();
            return box?.width ? [box.x + box.width / 2, box.y + box.height / 2] : null }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, shift=False):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40, " ": 32}
        fields = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key],
                  "modifiers": 8 if shift else 0}
        text = {"Enter": "\r", " ": " "}.get(key)
        self.call("Input.dispatchKeyEvent", type="keyDown", **fields, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **fields)

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
