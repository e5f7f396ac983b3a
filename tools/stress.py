"""What tools that load a server share: `weft serve` on models of its own, a device that fails on demand, and requests
whose answers are known."""

import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHAPE = "--layers 2 --embedding 128 --heads 4 --kv-heads 2 --head-size 32 --feed-forward 256 --context 512"


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


class Faults:
    """A Vulkan layer in the way of a program: `fault_layer.c`, compiled for this machine."""

    def __init__(self, folder):
        self.path, library = f"{folder}/fault", f"{folder}/fault_layer.so"
        compiler = next(filter(None, map(shutil.which, ["cc", "clang", "gcc"])), None)
        if compiler is None:
            raise SystemExit("SKIPPED: a C compiler is needed for a device that fails (apt install gcc)")
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", library, f"{ROOT}/tools/fault_layer.c"], check=True)
        layer = {"name": "VK_LAYER_WEFT_fault", "type": "GLOBAL", "library_path": library, "api_version": "1.3.0",
                 "implementation_version": "1", "description": "fails on demand"}
        with open(f"{folder}/fault_layer.json", "w") as file:
            json.dump({"file_format_version": "1.1.2", "layer": layer}, file)
        self.environment = {"VK_LAYER_PATH": folder, "VK_INSTANCE_LAYERS": layer["name"], "WEFT_FAULTS": self.path}

    def set(self, word):
        with open(self.path + ".new", "w") as file:
            file.write(word)
        os.replace(self.path + ".new", self.path)

    def clear(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path)

    async def release(self):
        """Lets calls that hang return."""
        open(self.path + ".release", "w").close()
        await asyncio.sleep(0.5)
        os.remove(self.path + ".release")


class Server:
    """`weft serve` with a folder of its own, on a free port."""

    def __init__(self, weft, folder, device, unit, names, real=None, faults=None, shape=SHAPE,
                 tokenizer="smollm2-135m-q4_1"):
        self.weft, self.folder, self.device, self.environment = weft, folder, device, dict(os.environ)
        if faults:
            self.environment |= faults.environment
        # Packed weights in a cache of its own, kernels in the user's.
        kernels = f"{os.environ.get('WEFT_CACHE', os.path.expanduser('~/.cache/weft'))}/kernels"
        os.makedirs(kernels, mode=0o700, exist_ok=True)
        os.mkdir(f"{folder}/cache")
        os.symlink(kernels, f"{folder}/cache/kernels")
        models = []
        for seed, name in enumerate(names):
            subprocess.run(
                [weft, "models", "generate", self.path(name), "--tokenizer", tokenizer, "--seed", str(seed + 1)]
                + shape.split(), check=True, stdout=subprocess.DEVNULL)
            models.append({"name": name, "path": self.path(name)})
        if real:
            models.append({"name": "real", "path": real})
        self.names = [model["name"] for model in models]
        self.config = {"models": models} | unit
        self.write()
        # The models' files are named by the user's folder of models, packed weights go to the cache of its own.
        self.environment["WEFT_CACHE"] = f"{folder}/cache"

    def path(self, name):
        return f"{self.folder}/{name}.gguf"

    def write(self):
        with open(f"{self.folder}/serve.json", "w") as file:
            json.dump(self.config, file)

    def __enter__(self):
        self.log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen(
            [self.weft, "serve", f"{self.folder}/serve.json", "--device", self.device, "--port", "0"],
            stderr=self.log, env=self.environment)
        text = ""
        while "] ready" not in text:
            if self.process.poll() is not None:
                raise SystemExit(f"weft serve ended:\n{text}")
            time.sleep(0.1)
            with open(f"{self.folder}/log") as log:
                text = log.read()
        self.port = int(re.search(r"http://[\d.]+:(\d+)", text).group(1))
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def crashed(self):
        return self.process.poll() is not None

    def memory(self):
        """Resident megabytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) >> 10

    async def ask(self, method, path, body=None, timeout=300):
        """One request on a connection of its own: status, and the body as JSON where it is some."""
        data = b"" if body is None else json.dumps(body).encode()
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(
                    f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
                    .encode() + data)
                answer = await reader.read()
            finally:
                writer.close()
        head, _, text = answer.partition(b"\r\n\r\n")
        with contextlib.suppress(ValueError):
            return int(head.split()[1]), json.loads(text)
        return int(head.split()[1]), text

    async def units(self):
        status, body = await self.ask("GET", "/admin/status")
        return body["units"] if status == 200 else []

    async def held(self, patience=60):
        """Pages that are held when all is over, which may take a while."""
        pages = None
        for _ in range(patience * 4):
            units = await self.units()
            pages = sum(unit["pool"]["held"] for unit in units)
            busy = sum(model["running"] + model["waiting"] for unit in units for model in unit["models"])
            if units and pages == 0 and busy == 0:
                return 0
            await asyncio.sleep(0.25)
        return pages

    async def stream(self, body, leave_after=None, timeout=600):
        """A streamed completion. `leave_after`: seconds after which the client hangs up."""
        answer = Answer()
        try:
            async with asyncio.timeout(leave_after if leave_after is not None else timeout):
                await self._stream(body, answer)
        except TimeoutError:
            answer.left = leave_after is not None
            answer.error = None if answer.left else f"no end within {timeout} s"
        except OSError as error:
            answer.error = f"connection: {error}"
        answer.took = time.monotonic() - answer.sent
        return answer

    async def _stream(self, body, answer):
        answer.sent = time.monotonic()
        await complete("127.0.0.1", self.port, body, answer)


async def complete(host, port, body, answer):
    """A streamed completion on a connection of its own. Raises OSError, EOFError where it breaks."""
    data = json.dumps(body | {"stream": True, "stream_options": {"include_usage": True}}).encode()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(
            f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        head = await reader.readuntil(b"\r\n\r\n")
        answer.status = int(head.split()[1])
        answer.retries = b"retry-after" in head.lower()
        if answer.status != 200:
            answer.error = (await reader.read()).decode(errors="replace")
            return
        # Chunks of the transfer coding end with events, and their sizes are lines of their own.
        while line := await reader.readline():
            if not line.startswith(b"data: "):
                continue
            if line.startswith(b"data: [DONE]"):
                answer.ended = True
                return
            answer.add(json.loads(line[6:]))
    finally:
        writer.close()


class Answer:
    """What came of a request."""

    def __init__(self):
        self.sent, self.status, self.retries, self.error, self.left, self.ended = 0, None, False, None, False, False
        self.text, self.reason, self.tokens, self.first, self.last, self.took = "", None, 0, None, None, 0

    def add(self, event):
        if "error" in event:
            self.error = event["error"]["message"]
        for choice in event.get("choices", []):
            now = time.monotonic()
            self.first, self.last = self.first or now, now
            self.text += choice["text"]
            self.reason = choice["finish_reason"] or self.reason
        if event.get("usage"):
            self.tokens = event["usage"]["completion_tokens"]

    @property
    def whole(self):
        return (self.text, self.reason, self.tokens)


class Case:
    """A request, and the answer that it gets alone."""

    def __init__(self, model, number, longest, most):
        draw = random.Random(f"{model} {number}")
        self.body = {
            "model": model, "prompt": [draw.randrange(1000, 40000) for _ in range(draw.randint(3, longest))],
            "max_tokens": draw.randint(most // 3, most), "temperature": 0, "ignore_eos": True}
        # Every other one is drawn, from a seed.
        if number % 2:
            self.body |= {"temperature": 0.9, "seed": number}
        self.alone = None


async def cases(server, names, count, longest=120, most=48):
    """Requests of all models with the answers that they get alone."""
    all = [Case(name, number, longest // (3 if name == "real" else 1), most // (3 if name == "real" else 1))
           for name in names for number in range(count)]
    for case in all:
        answer = await server.stream(case.body)
        if not answer.ended:
            raise SystemExit(f"a request alone: {answer.status} {answer.error}")
        case.alone = answer.whole
    return all


async def capacity(server, all, seconds, clients=16):
    """Requests per second that are served when there are always some."""
    draw, ends, stop = random.Random(1), 0, time.monotonic() + seconds

    async def client():
        nonlocal ends
        while time.monotonic() < stop:
            answer = await server.stream(draw.choice(all).body)
            ends += answer.ended

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(clients)))
    return ends / (time.monotonic() - began)


def growth(samples):
    """By how many megabytes memory grew from the first quarter after warm-up, a fifth of the time, to the last."""
    warm = [memory for _, memory in samples[len(samples) // 5:]]
    quarter = max(1, len(warm) // 4)
    return percentile(warm[-quarter:], 0.5) - percentile(warm[:quarter], 0.5)
