"""Machines for `tools/cluster-test`: network namespaces on a bridge of their own, with what runs on them."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from stress import ROOT, say

HUB = "10.77.0.1"  # where routers and clients are
CACHE = os.environ.get("WEFT_CACHE", os.path.expanduser("~/.cache/weft"))


def isolate():
    """Goes on in namespaces of its own, which end with this program and end all that runs in them. Returns inside, with
    a Python that has Ray."""
    if python := os.environ.get("WEFT_CLUSTER_TEST"):
        return python
    if os.getuid() != 0 or not shutil.which("ip"):
        skip("network namespaces need root and `ip` (apt install iproute2)")
    wrap = ["unshare", "--net", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]
    trial = "mount -t tmpfs tmpfs /run && ip link add hub type bridge && ip link add v0 type veth peer name v1"
    if subprocess.run([*wrap, "bash", "-c", trial], capture_output=True).returncode:
        skip("this system allows no namespaces, or has no bridges in them")
    # From inside, pip's index cannot be reached.
    python = ray_python()
    # The first process of a namespace has to reap what others leave, as bash does.
    inside = subprocess.run(
        [*wrap, "bash", "-c", '"$@"; exit $?', "bash", sys.executable, *sys.argv],
        env=os.environ | {"WEFT_CLUSTER_TEST": python})
    sys.exit(inside.returncode)


def skip(why):
    print(f"skipped: {why}", flush=True)
    sys.exit(0)


def ray_python():
    """A Python that has Ray, in an environment of its own."""
    python = f"{CACHE}/ray/bin/python"
    if not os.path.exists(python) or subprocess.run([python, "-c", "import ray"], capture_output=True).returncode:
        say("installing Ray (100 MB)")
        subprocess.run([sys.executable, "-m", "venv", f"{CACHE}/ray"], check=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "ray>=2.50"])
        if done.returncode:
            skip("Ray is not installed, and pip could not do so")
    return python


def run(*words, **options):
    return subprocess.run(words, check=True, **options)


class Nodes:
    """Namespaces `n0`, `n1`, …, each with an address, a /tmp/ray and a cache of its own."""

    def __init__(self, folder, weft, python, count, devices):
        self.folder, self.weft, self.python, self.devices = folder, weft, python, devices
        os.makedirs("/run/netns", exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "hub", "type", "bridge")
        run("ip", "addr", "add", f"{HUB}/24", "dev", "hub")
        run("ip", "link", "set", "hub", "up")
        for at in range(count):
            run("ip", "netns", "add", f"n{at}")
            run("ip", "link", "add", f"v{at}", "type", "veth", "peer", "name", "eth0", "netns", f"n{at}")
            run("ip", "link", "set", f"v{at}", "master", "hub", "up")
            run("ip", "-n", f"n{at}", "addr", "add", f"{self.host(at)}/24", "dev", "eth0")
            for link in ("eth0", "lo"):
                run("ip", "-n", f"n{at}", "link", "set", link, "up")
            os.makedirs(f"{folder}/n{at}/ray")
            os.makedirs(f"{folder}/n{at}/cache")
            # Kernels that are compiled already are the same on every node.
            os.makedirs(f"{CACHE}/kernels", mode=0o700, exist_ok=True)
            os.symlink(f"{CACHE}/kernels", f"{folder}/n{at}/cache/kernels")

    @staticmethod
    def host(at):
        return f"10.77.0.{10 + at}"

    def words(self, at, *command):
        """A command on a node: raylets of one session would collide in one /tmp/ray. All else of /tmp is seen, as the
        program may stand there."""
        return ["ip", "netns", "exec", f"n{at}", "bash", "-c",
                'mkdir -p /tmp/ray && mount --bind "$0" /tmp/ray && exec "$@"', f"{self.folder}/n{at}/ray", *command]

    def environment(self, at):
        return os.environ | {"WEFT_PYTHON": self.python, "WEFT_CACHE": f"{self.folder}/n{at}/cache", "TMPDIR": "/tmp"}

    def join(self, at):
        words = [self.weft, "cluster", "node", "--node", str(at), "--host", self.host(at)]
        words += ["--head"] if at == 0 else ["--address", f"{self.host(0)}:6379"]
        for device in self.devices:
            words += ["--device", device]
        self.call(at, *words)

    def call(self, at, *words, fails=False):
        """What a command on a node prints. `fails`: whether it is meant to, with its errors as the result."""
        done = subprocess.run(
            self.words(at, *words), env=self.environment(at), capture_output=True, text=True, timeout=300)
        if (done.returncode != 0) != fails:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stderr if fails else done.stdout

    def cluster(self, *words, fails=False):
        return self.call(0, self.weft, "cluster", *words, fails=fails)

    def status(self):
        return json.loads(self.cluster("status", "--json"))

    def kill(self, at):
        """All that runs on a node, as a loss of power would."""
        for pid in run("ip", "netns", "pids", f"n{at}", capture_output=True, text=True).stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def cut(self, at):
        run("ip", "link", "set", f"v{at}", "down")

    def mend(self, at):
        run("ip", "link", "set", f"v{at}", "up")


class Router:
    """`weft route` at the hub."""

    def __init__(self, folder, weft, secret, port):
        self.command = [weft, "route", "--host", HUB, "--port", str(port), "--secret", secret]
        self.url, self.port, self.log, self.secret = f"http://{HUB}:{port}", port, f"{folder}/router-{port}.log", secret
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def said(self, words):
        """How often the log says so."""
        with open(self.log, errors="replace") as log:
            return log.read().count(words)

    def ready(self):
        """Names of workers that are ready, with their epochs and models; none while it cannot be reached."""
        with open(self.secret) as file:
            headers = {"Authorization": f"Bearer {file.read().strip()}"}
        try:
            request = urllib.request.Request(f"{self.url}/registry", headers=headers)
            with urllib.request.urlopen(request, timeout=2) as answer:
                workers = json.load(answer)["workers"]
        except OSError:
            return {}
        return {worker["worker"]["name"]: (worker["worker"]["epoch"], set(worker["models"]))
                for worker in workers if worker["state"] == "ready"}


def processes():
    """(pid, state, parent, words) of all processes here."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline", "rb") as line:
                name, rest = re.match(r"\d+ \((.*)\) (.*)", stat.read(), re.S).groups()
                words = line.read().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue
        yield int(pid), rest.split()[0], int(rest.split()[1]), words or [name]


def workers():
    """(unit's name at routers, process) of each `weft serve`. A compiler that one forks is called as it is until it
    becomes what it is to be, and does not count."""
    found = {pid: (words[words.index("--announce-as") + 1], parent) for pid, state, parent, words in processes()
             if state != "Z" and words[1:2] == ["serve"] and "--announce-as" in words}
    return [(name, pid) for pid, (name, parent) in found.items() if parent not in found]


def wait_for(what, seconds, found, every=0.05):
    """Seconds until `found()`."""
    began = time.monotonic()
    while not found():
        if time.monotonic() - began > seconds:
            raise SystemExit(f"{what}: not within {seconds} s")
        time.sleep(every)
    return time.monotonic() - began
