"""One unit of a plan: starts `weft serve` for it on this node, starts it again when it ends, and drains it."""
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30  # seconds before a restart; twice as long each time
WELL = 30  # seconds after which a process that ends is taken to have served, and is started again at once
PATIENCE = 30  # seconds that a drain may take: `weft serve` itself gives answers 20
START = 15  # seconds in which a process that is on its way announces itself
MOST_LOG = 16 << 20  # bytes of a log, and as much of the one before
# Statuses of `weft serve` that no restart would mend, and that of one whose name another bears.
WRONG, FENCED = (2, 64), 9


def cache():
    return os.environ.get("WEFT_CACHE", os.path.expanduser("~/.cache/weft"))


# Becomes a program that is killed when the thread that started it ends: PR_SET_PDEATHSIG is 1. A function between fork
# and exec could do the same, and hang in a process with threads, as an actor is.
TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class Supervisor:
    """What the controller asks of it returns at once; one thread has the process, which dies with that thread."""

    def __init__(self, order):
        """`order`: unit, key, epoch, host, weft, version, routers, secret, keys, insecure."""
        self.order, self.unit, self.node = order, order["unit"], order["unit"]["node"]
        self.state, self.reason, self.starts, self.process, self.leaving = "starting", "", 0, None, False
        self.lock = threading.Condition()
        self.folder = os.path.join(cache(), "cluster")
        os.makedirs(os.path.join(self.folder, "logs"), exist_ok=True)
        self.plan = os.path.join(self.folder, f"{order['key']}.plan.json")
        self.log = os.path.join(self.folder, "logs", f"{order['key']}.log")
        self.write()
        threading.Thread(target=self.run, daemon=True).start()

    # What the controller asks.

    def status(self):
        with self.lock:
            return {
                "unit": self.unit, "state": self.state, "reason": self.reason, "starts": self.starts,
                "epoch": self.epoch(), "pid": self.process.pid if self.process else None, "log": self.log,
                "supervisor": os.getpid()}

    def change(self, unit, url):
        """Has the process at `url` serve other models, and what comes after it. Returns why it does not, or nothing."""
        with self.lock:
            before, self.unit = self.unit, unit
            self.write()
            if self.state == "failed":
                self.state = "starting"
                self.lock.notify_all()
                return ""
        try:
            self.ask(f"{url}/admin/reload?patience={PATIENCE}")
            return ""
        except (OSError, ValueError) as error:
            why = getattr(error, "message", str(error))
        with self.lock:
            self.unit = before
            self.write()
        return why

    def drain(self):
        with self.lock:
            if self.state == "drained":
                return
            self.leaving, self.state = True, "draining"
            self.lock.notify_all()
            if self.process:
                self.process.terminate()

    def tail(self, lines):
        """The last lines of what the unit's processes said."""
        try:
            with open(self.log, errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        except FileNotFoundError:
            return ""

    # The process.

    def epoch(self):
        return self.order["epoch"] + self.starts

    def write(self):
        """The plan as `weft serve` reads it: this unit alone."""
        with open(self.plan + ".new", "w") as file:
            json.dump({"version": 1, "units": [self.unit]}, file)
        os.replace(self.plan + ".new", self.plan)

    def command(self):
        order = self.order
        command = [
            sys.executable, "-c", TIED, str(os.getpid()), order["weft"], "serve", self.plan, "--unit",
            self.unit["name"], "--node", str(self.node), "--host", order["host"], "--port", "0", "--advertise",
            order["host"], "--announce-as", order["key"], "--epoch", str(self.epoch())]
        for router in order["routers"]:
            command += ["--announce", router]
        if order["secret"]:
            command += ["--announce-secret", order["secret"]]
        if order["keys"]:
            command += ["--keys", order["keys"]]
        return command + (["--insecure"] if order["insecure"] else [])

    def run(self):
        """All lives of the process, one after the other."""
        pause = 0
        while not self.leaving:
            began = time.monotonic()
            status = self.live()
            if self.leaving:
                break
            if status in WRONG or status == FENCED:
                self.wait_to_be_changed()
                pause = 0
                continue
            announce_start(self.order, self.unit, self.epoch() + 1)
            pause = FIRST_PAUSE if time.monotonic() - began > WELL or not pause else min(2 * pause, LONGEST_PAUSE)
            with self.lock:
                self.state = "waiting"
                self.lock.wait_for(lambda: self.leaving, pause)
        with self.lock:
            self.state = "drained"
            self.process = None

    def live(self):
        """One life: returns the process's exit status."""
        self.shorten_log()
        with self.lock:
            if self.leaving:
                return 0
            if not os.access(self.order["weft"], os.X_OK):
                self.reason = f"node {self.node} has no program {self.order['weft']}"
                return WRONG[0]
            self.starts += 1
            with open(self.log, "ab") as log:
                log.write(f"==> start {self.starts}, epoch {self.epoch()}\n".encode())
                log.flush()
                self.process = subprocess.Popen(
                    self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            self.state = "running"
        status = self.wait()
        with self.lock:
            self.process = None
            self.reason = f"status {status}: {self.last_line()}"
        return status

    def wait(self):
        """The process's exit status; it is killed where a drain takes too long."""
        killed = None
        while True:
            try:
                return self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.shorten_log()
            if self.leaving:
                killed = killed or time.monotonic() + PATIENCE
                if time.monotonic() > killed:
                    os.killpg(self.process.pid, signal.SIGKILL)

    def wait_to_be_changed(self):
        """Nothing but another order or plan helps."""
        with self.lock:
            if not self.leaving:
                self.state = "failed"
            self.lock.wait_for(lambda: self.leaving or self.state != "failed")

    def last_line(self):
        lines = [line for line in self.tail(20).splitlines() if line.strip() and not line.startswith("==>")]
        errors = [line for line in lines if line.lower().startswith("error")]
        return (errors or lines or ["it said nothing"])[-1][:500]

    def shorten_log(self):
        """Programs go on writing at the end of a log that was cut, as they append."""
        if os.path.exists(self.log) and os.path.getsize(self.log) > MOST_LOG:
            with open(self.log, "rb") as old, open(self.log + ".1", "wb") as new:
                new.write(old.read())
            os.truncate(self.log, 0)

    def ask(self, url):
        """Posts to the process itself; loading takes as long as it takes."""
        request = urllib.request.Request(url, method="POST", headers=bearer(self.order["secret"]))
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            raise ValueError(error_message(error)) from error


def announce_start(order, unit, epoch):
    """Tells routers that a process is on its way: they ask the one before no more, and let requests wait."""
    worker = {
        "worker": {"name": order["key"], "epoch": epoch}, "url": f"http://{order['host']}:1",
        "version": order["version"], "state": "loading", "units": [unit["name"]], "requests": 0, "lease": START,
        "models": [model["name"] for model in unit["models"]]}
    for router in order["routers"]:
        try:
            headers = bearer(order["secret"]) | {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{router}/registry", json.dumps(worker).encode(), headers)
            urllib.request.urlopen(request, timeout=1).close()
        except (OSError, ValueError):  # The process itself tells it, as soon as the router can hear.
            continue


def bearer(secret):
    """Headers with the secret that a file has; none without one."""
    if not secret:
        return {}
    with open(secret) as file:
        return {"Authorization": "Bearer " + file.read().strip()}


def error_message(error):
    """What an error's JSON says, else its status."""
    try:
        return json.loads(error.read())["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"
